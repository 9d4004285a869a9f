"""Import of a COCO set of train size: 118,287 images with 860,001 annotations, seconds and memory.

    python -m benchmarks.import_coco [--images 118287] [--annotations 860001] [--rounds 1] [--others]

The annotation file is generated: boxes and polygons of as many points as in COCO (about 46 numbers each), two decimals,
keys in the order of the original, images last. The images are JPEG files of a few kilobytes, all different, so what is
measured is the import and not the disk. Each measurement runs in a fresh process: the file alone, the whole import
(labels, headers and SHA-256 of all images, splits, findings, version folder), the same as a run of the platform with
its database, and with ``--others`` pycocotools and FiftyOne, where they are installed. Budgets: 60 s; 3 GB.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.import_images import Silence, peak_mb
from benchmarks.in_process import carried_out, open_platform

BUDGET_S, BUDGET_MB = 60.0, 3000.0
CLASSES = 80
MEAN_POINTS = 23


def make_set(root: Path, images: int, annotations: int) -> None:
    """Write ``annotations/instances_train2017.json`` and ``images/train2017``."""
    _make_images(root / "images" / "train2017", images)
    (root / "annotations").mkdir()
    rng = np.random.default_rng(0)
    owner = np.sort(rng.integers(0, images, annotations))
    rng.shuffle(owner)
    corner = rng.uniform(0, 400, (annotations, 2)).round(2)
    extent = rng.uniform(4, 200, (annotations, 2)).round(2)
    points = 3 + rng.poisson(MEAN_POINTS - 3, annotations)
    classes = rng.integers(1, CLASSES + 1, annotations)
    with (root / "annotations" / "instances_train2017.json").open("w") as stream:
        stream.write('{"info": {"year": 2017}, "licenses": [], "annotations": [')
        for number in range(annotations):
            ring = (corner[number] + rng.random((int(points[number]), 2)) * extent[number]).round(2).ravel().tolist()
            box = [*corner[number].tolist(), *extent[number].tolist()]
            entry = {"segmentation": [ring], "area": round(box[2] * box[3] / 2, 4), "iscrowd": 0,
                     "image_id": int(owner[number]) * 5 + 9, "bbox": box, "category_id": int(classes[number]),
                     "id": number + 1}  # fmt: skip
            stream.write(("" if number == 0 else ", ") + json.dumps(entry))
        stream.write('], "images": [')
        for number in range(images):
            entry = {"license": 1, "file_name": f"{number:012d}.jpg", "height": 48, "width": 48, "id": number * 5 + 9,
                     "coco_url": f"http://images.example.org/train2017/{number:012d}.jpg"}  # fmt: skip
            stream.write(("" if number == 0 else ", ") + json.dumps(entry))
        names = [{"supercategory": "thing", "id": number, "name": f"class{number}"} for number in range(1, CLASSES + 1)]
        stream.write('], "categories": ' + json.dumps(names) + "}")


def _make_images(folder: Path, count: int) -> None:
    """Forty pictures, each told apart by a number in its comment."""
    import io

    from PIL import Image

    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    pictures = []
    for _ in range(40):
        buffer = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (48, 48, 3), dtype=np.uint8)).save(buffer, "JPEG", quality=90)
        pictures.append(buffer.getvalue())
    for number in range(count):
        comment = b"number %08d" % number
        marked = b"\xff\xd8\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + pictures[number % 40][2:]
        (folder / f"{number:012d}.jpg").write_bytes(marked)


def measure_labels(root: Path, scratch: Path) -> int:
    """The annotation file alone, read into a table."""
    from ml_core.data.annotations.builder import TableBuilder
    from ml_core.data.file_index import FileIndex
    from ml_core.data.readers.base import choose_labels, make_reader, recognise_labels

    index = FileIndex(root)
    reader = make_reader(index, choose_labels(index, recognise_labels(index)))
    builder = TableBuilder(reader.box_format)
    reader.prepare(builder, Silence())
    return len(builder)


def measure_import(root: Path, scratch: Path) -> int:
    """The whole import."""
    from ml_core.data.import_images import ImportOrder, import_images

    order = ImportOrder(root, scratch / "images", scratch / "v1", task="detect")
    return int(import_images(order, Silence())["counts"]["annotations"]["kept"])


def measure_app(root: Path, scratch: Path) -> int:
    """The import as a run of the platform: with the insertion of all images into its database."""
    owner = open_platform(scratch, root)
    from cvstudio.datasets.services.create_dataset import create_from_folder
    from cvstudio.datasets.tests.carry_out import newest

    dataset = create_from_folder(owner, str(root), options={"task": "detect"})
    carried_out(newest(dataset).import_run)
    return int(newest(dataset).counts["annotations"]["kept"])


def measure_pycocotools(root: Path, scratch: Path) -> int:
    """``COCO(file)``: the annotations in dictionaries; images are not looked at."""
    from pycocotools.coco import COCO

    return len(COCO(str(root / "annotations" / "instances_train2017.json")).anns)


def measure_fiftyone(root: Path, scratch: Path) -> int:
    """``Dataset.from_dir``: images with their annotations in its database."""
    import fiftyone

    dataset = fiftyone.Dataset.from_dir(
        dataset_type=fiftyone.types.COCODetectionDataset, data_path=str(root / "images" / "train2017"),
        labels_path=str(root / "annotations" / "instances_train2017.json"),
    )  # fmt: skip
    return len(dataset)


MEASURES = {"labels": measure_labels, "import": measure_import, "app": measure_app, "pycocotools": measure_pycocotools,
            "fiftyone": measure_fiftyone}  # fmt: skip


def in_fresh_process(what: str, root: Path) -> dict[str, float]:
    """Measure in a process of its own: peaks of memory never fall."""
    with tempfile.TemporaryDirectory(dir=root.parent) as scratch:
        command = [sys.executable, __file__, "--measure", what, "--root", str(root), "--scratch", scratch]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        return dict(json.loads(answer.stdout.splitlines()[-1]))


def main() -> int:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=118_287)
    parser.add_argument("--annotations", type=int, default=860_001)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--others", action="store_true", help="also pycocotools and FiftyOne, where installed")
    parser.add_argument("--measure", choices=sorted(MEASURES))
    parser.add_argument("--root", type=Path)
    parser.add_argument("--scratch", type=Path)
    options = parser.parse_args()
    if options.measure:
        began, used = time.perf_counter(), time.process_time()
        count = MEASURES[options.measure](options.root, options.scratch)
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        seconds, cpu = time.perf_counter() - began, time.process_time() - used
        print(json.dumps({"annotations": count, "s": seconds, "cpu": cpu, "mb": max(peak_mb(), children)}))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "set"
        make_set(root, options.images, options.annotations)
        size = (root / "annotations" / "instances_train2017.json").stat().st_size
        print(f"{options.images:,} images, {options.annotations:,} annotations, a file of {size / 1e6:,.0f} MB")
        return 0 if judge(root, options.rounds, options.others) else 1


def judge(root: Path, rounds: int, others: bool) -> bool:
    """Print each measurement; the best round counts, because other programs can only slow one down."""
    good = True
    for what in ("labels", "import", "app", *(("pycocotools", "fiftyone") if others else ())):
        if what in ("pycocotools", "fiftyone") and importlib.util.find_spec(what) is None:
            print(f"{what:12} is not installed")
            continue
        best = min((in_fresh_process(what, root) for _ in range(rounds)), key=lambda result: result["s"])
        time_used = f"{best['s']:7.1f} s ({best['cpu']:6.1f} s of CPU)"
        print(f"{what:12} {time_used}  {best['mb']:7,.0f} MB  {best['annotations']:>9,.0f} came in")
        if what in ("import", "app"):
            good = good and best["s"] <= BUDGET_S and best["mb"] <= BUDGET_MB
    print(f"budgets: {BUDGET_S:.0f} s, {BUDGET_MB:,.0f} MB: {'kept' if good else 'MISSED'}")
    return good


if __name__ == "__main__":
    sys.exit(main())
