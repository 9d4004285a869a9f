"""Health of a set with boxes: 60 planted faults of 15 kinds among 5,000 images; what is found, and how long it takes.

The import and the report are runs of the platform, carried out in this process with a database of its own; what counts
is what the health page shows.

    python -m benchmarks.label_health [--images 5000]

The set is YOLO with given splits. A fault is found when a finding or a reject of its kind names its image; what
findings name beside that is a false alarm. Budgets: recall 0.95, precision 0.9, 30 s for the report.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.in_process import carried_out, open_platform

EACH = 4
BUDGET_S, BUDGET_RECALL, BUDGET_PRECISION = 30.0, 0.95, 0.9
GOOD = "0 0.3 0.5 0.2 0.3\n1 0.7 0.4 0.2 0.3\n"
#: Faults of rows: what is added to a good label file.
ROWS = {
    "degenerate_boxes": "0 0.5 0.8 0 0.1\n", "boxes_outside": "1 1.4 0.5 0.2 0.2\n",
    "boxes_beyond_frame": "0 0.97 0.85 0.2 0.1\n", "doubled_boxes": "0 0.302 0.501 0.2 0.3\n",
    "rival_boxes": "1 0.3 0.5 0.2 0.3\n", "unnamed_classes": "7 0.5 0.9 0.1 0.1\n",
    "tiny_boxes": "0 0.5 0.9 0.1 0.008\n",
}  # fmt: skip
IMAGES = ("images_without_labels", "exact_copies", "near_copies", "turned_images", "cmyk_images", "dark")
REJECTS = ("labels_without_image", "truncated")
#: What a fault brings along: copies in another split are leaks as well.
ALSO = {"exact_copies": {"leaks"}, "near_copies": {"near_leaks"}, "dark": {"plain"}}


def picture(rng: np.random.Generator) -> Image.Image:
    """Shapes of its own kind, so that no two look alike."""
    small = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    return small.resize((240, 180), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, **options: Any) -> bytes:
    """As JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=options.pop("quality", 85), **options)
    return buffer.getvalue()


def plant(root: Path, count: int) -> dict[str, set[str]]:
    """Write the set; returns for each kind of fault the stems of its images."""
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        (root / "images" / split).mkdir(parents=True)
        (root / "labels" / split).mkdir(parents=True)
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [cat, dog]\n")
    planted: dict[str, set[str]] = {}
    kinds = [kind for kind in (*ROWS, *IMAGES, *REJECTS) for _ in range(EACH)]
    for number in range(count):
        name, split = f"{number:05d}", "val" if number % 5 == 0 else "train"
        kind = kinds[number // 7] if number % 7 == 3 and number // 7 < len(kinds) else ""
        data, text = _faulty(kind, picture(rng), root, f"{name}_twin", planted)
        if kind:
            planted.setdefault(kind, set()).add(name)
        if data:
            (root / "images" / split / f"{name}.jpg").write_bytes(data)
        if kind != "images_without_labels":
            (root / "labels" / split / f"{name}.txt").write_text(text)
    return planted


def _faulty(kind: str, image: Image.Image, root: Path, twin: str, planted: dict[str, set[str]]) -> tuple[bytes, str]:
    data, text = encoded(image), GOOD + ROWS.get(kind, "")
    if kind in ("exact_copies", "near_copies"):
        blurred = image.resize((200, 150)).filter(ImageFilter.GaussianBlur(0.6))
        (root / "images" / "train" / f"{twin}.jpg").write_bytes(
            data if kind == "exact_copies" else encoded(blurred, quality=60)
        )
        (root / "labels" / "train" / f"{twin}.txt").write_text(GOOD)
        planted.setdefault(f"{kind}_twin", set()).add(twin)
    if kind == "turned_images":
        exif = Image.Exif()
        exif[0x0112] = 6
        data = encoded(image, exif=exif)
    if kind == "cmyk_images":
        data = encoded(image.convert("CMYK"))
    if kind == "dark":
        data = encoded(Image.eval(image, lambda value: value // 40))
    if kind == "truncated":
        data = data[: len(data) // 2]
    return (b"" if kind == "labels_without_image" else data), text


def judge(planted: dict[str, set[str]], images: int, rejects: str, findings: Any, paths: list[str]) -> bool:
    """Print what was found of each kind."""
    named = {entry["code"]: {Path(paths[n]).stem for n in entry["positions"]} for entry in findings}
    words = {"labels_without_image": "There is no image", "truncated": "cut short"}
    found, alarms = Counter[str](), 0
    for kind in (*ROWS, *IMAGES, *REJECTS):
        if kind in words:
            seen = {Path(line.split(",")[0]).stem for line in rejects.splitlines() if words[kind] in line}
        else:
            seen = named.pop(kind, set())
        expected = planted[kind]
        extra = seen - expected - planted.get(f"{kind}_twin", set())
        found[kind], alarms = len(seen & expected), alarms + len(extra)
        print(f"{kind:24} {found[kind]} of {len(expected)}" + (f", and {sorted(extra)[:5]}" if extra else ""))
    expected_also = set[str]().union(*ALSO.values())
    for code, stems in named.items():
        if code not in expected_also and stems:
            print(f"not planted: {code} {sorted(stems)[:5]}")
            alarms += len(stems)
    total = sum(len(planted[kind]) for kind in (*ROWS, *IMAGES, *REJECTS))
    recall, precision = found.total() / total, found.total() / max(1, found.total() + alarms)
    print(f"faults {total}, recall {recall:.3f}, precision {precision:.3f}, images {images:,}")
    return recall >= BUDGET_RECALL and precision >= BUDGET_PRECISION


def main() -> int:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=5000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "set" / "in"
        planted = plant(root, options.images)
        owner = open_platform(Path(folder), root)
        from cvstudio.datasets import selectors
        from cvstudio.datasets.services.create_dataset import create_from_folder
        from cvstudio.datasets.tests.carry_out import newest

        began, used = time.perf_counter(), time.process_time()
        dataset = create_from_folder(owner, str(root), options={"accept_rejects": True})
        carried_out(newest(dataset).import_run)
        imported = time.perf_counter()
        carried_out(newest(dataset).statistics_run)  # the import has asked for it
        seconds, cpu = time.perf_counter() - imported, time.process_time() - used
        version = newest(dataset)
        paths = list(version.images.order_by("position").values_list("path", flat=True))
        findings, rejects = selectors.findings_of(version), selectors.rejects_file(version).read_text()
        good = judge(planted, version.counts["images"], rejects, findings, paths)
    print(f"import {imported - began:.1f} s, report {seconds:.1f} s, {cpu:.1f} s of CPU together")
    good = good and seconds <= BUDGET_S
    verdict = "kept" if good else "MISSED"
    print(f"budgets: recall {BUDGET_RECALL}, precision {BUDGET_PRECISION}, {BUDGET_S:.0f} s: {verdict}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
