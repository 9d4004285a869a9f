"""Makes what a training needs: a small data set of coloured squares and an architecture that fits it."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from cvstudio.architectures.models import Architecture, ArchitectureVersion
from cvstudio.datasets.models import Dataset, DatasetVersion
from ml_core.data.manifest import ITEMS_FILE, VERSION_FILE, Item
from ml_core.graph import analyze, fingerprint, templates

if TYPE_CHECKING:
    from cvstudio.accounts.models import User

COLOURS = {"blue": (20, 20, 220), "red": (220, 20, 20)}
SPLITS = ("train", "train", "train", "val")


def make_dataset(owner: User, folder: Path, per_class: int = 8) -> DatasetVersion:
    """A ready version with two classes."""
    items, per_split = [], [dict.fromkeys(("train", "val", "test"), 0) for _ in COLOURS]
    root = folder / "images"
    for label, (name, colour) in enumerate(COLOURS.items()):
        (root / name).mkdir(parents=True)
        for number in range(per_class):
            content = io.BytesIO()
            Image.new("RGB", (16, 16), tuple(max(0, part - number) for part in colour)).save(content, "PNG")
            path = f"{name}/{number:03d}.png"
            (root / path).write_bytes(content.getvalue())
            split = SPLITS[number % len(SPLITS)]
            per_split[label][split] += 1
            digest = hashlib.sha256(content.getvalue()).hexdigest()
            items.append(Item(path, label, split, 16, 16, "RGB", "PNG", 1, len(content.getvalue()), digest))
    counts = {
        "images": len(items),
        "files": len(items),
        "rejected": 0,
        "splits": {split: sum(counts[split] for counts in per_split) for split in ("train", "val", "test")},
        "classes": per_split,
    }
    version = {"format": 1, "task": "classify", "classes": list(COLOURS), "counts": counts, "fingerprint": "sha256:1"}
    (folder / VERSION_FILE).write_text(json.dumps(version))
    (folder / ITEMS_FILE).write_text("".join(item.as_line() for item in items))
    dataset = Dataset.objects.create(owner=owner, name="Squares", source="folder", root=str(root))
    dataset.current_version = DatasetVersion.objects.create(
        dataset=dataset,
        number=1,
        state="ready",
        folder=str(folder),
        root=str(root),
        classes=list(COLOURS),
        counts=counts,
        fingerprint="sha256:1",
    )
    dataset.save()
    return dataset.current_version


def make_architecture(
    owner: User, classes: int = 2, shape: tuple[int, ...] = (3, 16, 16), template: str = "mlp"
) -> ArchitectureVersion:
    """A starter template."""
    document = next(entry["document"] for entry in templates(shape, classes) if entry["name"] == template)
    architecture = Architecture.objects.create(owner=owner, name="Plain")
    architecture.current_version = ArchitectureVersion.objects.create(
        architecture=architecture,
        number=1,
        document=document,
        fingerprint=fingerprint(document),
        valid=not analyze(document).findings,
    )
    architecture.save()
    return architecture.current_version
