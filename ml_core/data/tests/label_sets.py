"""Small data sets with boxes, written as the formats write them, and a way to import them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from ml_core.data.annotations.rle import pack_counts
from ml_core.data.annotations.table import AnnotationTable
from ml_core.data.import_images import ImportOrder, import_images
from ml_core.data.manifest import Item, read_items
from ml_core.data.tests.pictures import write_image


class Silent:
    """Takes what an import tells."""

    def log(self, message: str, level: Any = "info") -> None:
        """A line."""

    def progress(self, done: float, total: float | None, unit: str = "items", stage: str = "") -> None:
        """A position."""

    def raise_if_requested(self) -> None:
        """Nobody asks."""


class Imported:
    """A version that was made: its facts, images, table and rejects."""

    def __init__(self, folder: Path, version: dict[str, Any]) -> None:
        self.folder, self.version, self.counts = folder, version, version["counts"]
        self.items: list[Item] = list(read_items(folder))
        self.table = AnnotationTable(folder)
        with (folder / "rejects.csv").open(newline="", encoding="utf-8") as stream:
            self.rejects = {row["path"].lstrip("'"): row for row in csv.DictReader(stream)}

    def rows(self, path: str) -> range:
        """Rows of the image with this path."""
        return self.table.of_image(next(n for n, item in enumerate(self.items) if item.path == path))

    def boxes(self, path: str) -> list[list[float]]:
        """Corners in pixels of an image's boxes, rounded."""
        number, item = next((n, item) for n, item in enumerate(self.items) if item.path == path)
        corners = self.table.corners_of(number, item.width, item.height)
        return [[round(float(value), 6) for value in row] for row in corners]

    def finding(self, code: str) -> dict[str, Any] | None:
        """The finding with this code."""
        return next((entry for entry in self.version["findings"] if entry["code"] == code), None)

    def assert_counts(self) -> None:
        """What came in is what came out and what was named."""
        counts = self.counts
        named = counts["images"] + counts["label_files"] + counts["rejected"] + counts["other_files"]
        assert counts["files"] == named
        annotations = counts["annotations"]
        assert annotations["read"] == annotations["kept"] + annotations["rejected"]
        assert annotations["kept"] == len(self.table)
        assert sum(int(row["annotations"]) for row in self.rejects.values()) == annotations["rejected"]
        assert all(row["reason"].endswith(".") and row["cure"].endswith(".") for row in self.rejects.values())


def take(source: Path, folder: Path, **changes: Any) -> Imported:
    """Import a data set with boxes, whatever is rejected."""
    settings: dict[str, Any] = {"task": "detect", "accept_rejects": True, **changes}
    version = import_images(ImportOrder(source, folder / "images", folder / "v", **settings), Silent())
    return Imported(folder / "v", version)


def files(root: Path, texts: dict[str, str]) -> Path:
    """Write text files."""
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def images(root: Path, *names: str, size: tuple[int, int] = (100, 50)) -> Path:
    """Write different pictures of 100 x 50 pixels."""
    for number, name in enumerate(names):
        kind = "JPEG" if name.endswith(".jpg") else "PNG"
        write_image(root / name, seed=hash((root.name, name)) % 2**31 + number, size=size, image_format=kind)
    return root


def yolo_set(root: Path) -> Path:
    """Ultralytics: boxes, a polygon, an image with an empty file, one without a file."""
    images(root, *(f"images/{split}/{n}.jpg" for split in ("train", "val") for n in range(4)))
    return files(root, {
        "data.yaml": "path: .\ntrain: images/train\nval: images/val\nnames:\n  0: cat\n  1: dog\n",
        "labels/train/0.txt": "0 0.5 0.5 0.2 0.4\n1 0.25 0.5 0.5 1\n",
        "labels/train/1.txt": "1 0.1 0.1 0.9 0.1 0.9 0.9 0.1 0.9\n0 0.123456789012345 0.5 0.1 0.2\n",
        "labels/train/2.txt": "",
        "labels/val/0.txt": "0 0.5 0.5 0.25 0.5\n",
        "labels/val/1.txt": "1 0.5 0.5 0.25 0.5\n",
        "labels/val/2.txt": "1 0.5 0.5 0.25 0.5\n",
        "labels/val/3.txt": "1 0.5 0.5 0.25 0.5\n",
    })  # fmt: skip


def coco_document(**changes: Any) -> dict[str, Any]:
    """Two images; a box with two polygons, a crowd as counts, a mask as text, keys of its own."""
    return {
        "info": {"year": 2020}, "licenses": [{"id": 1, "name": "CC"}],
        "images": [{"id": 7, "file_name": "a.jpg", "width": 100, "height": 50, "license": 1},
                   {"id": 3, "file_name": "b.jpg", "width": 100, "height": 50}],
        "annotations": [
            {"id": 11, "image_id": 3, "category_id": 18, "bbox": [10, 5, 20.5, 10], "area": 205.25, "iscrowd": 0,
             "segmentation": [[10, 5, 30.5, 5, 30.5, 15, 10, 15], [1, 1, 2, 1, 2, 2]]},
            {"id": 12, "image_id": 7, "category_id": 2, "bbox": [0, 0, 2, 50], "area": 100, "iscrowd": 1,
             "segmentation": {"size": [50, 100], "counts": [0, 100, 4900]}},
            {"id": 13, "image_id": 7, "category_id": 2, "bbox": [1, 0, 1, 50], "iscrowd": 0, "area": 50,
             "segmentation": {"size": [50, 100], "counts": pack_counts(np.array([50, 50, 4900]))},
             "attributes": {"hard": True}},
        ],
        "categories": [{"id": 18, "name": "dog", "supercategory": "animal"}, {"id": 2, "name": "bicycle"}],
        **changes,
    }  # fmt: skip


def coco_set(root: Path, **changes: Any) -> Path:
    """``annotations/instances_train2017.json`` and its images."""
    images(root, "images/train2017/a.jpg", "images/train2017/b.jpg")
    text = json.dumps(coco_document(**changes))
    return files(root, {"annotations/instances_train2017.json": text})


def voc_xml(name: str, *objects: str, size: tuple[int, int] = (100, 50)) -> str:
    """An XML file."""
    return (
        f"<annotation><folder>JPEGImages</folder><filename>{name}</filename><source><database>Unknown</database></source>"
        f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size><segmented>0</segmented>"
        f"{''.join(objects)}</annotation>"
    )


def voc_object(name: str, *corners: float, extra: str = "<pose>Left</pose><truncated>1</truncated>") -> str:
    """An object."""
    sides = "".join(f"<{side}>{value}</{side}>" for side, value in zip(("xmin", "ymin", "xmax", "ymax"), corners,
                                                                       strict=True))  # fmt: skip
    return f"<object><name>{name}</name>{extra}<difficult>0</difficult><bndbox>{sides}</bndbox></object>"


def voc_set(root: Path) -> Path:
    """``VOCdevkit/VOC2007`` with lists."""
    home = "VOCdevkit/VOC2007"
    images(root, *(f"{home}/JPEGImages/{n}.jpg" for n in range(4)))
    return files(root, {
        f"{home}/Annotations/0.xml": voc_xml("0.jpg", voc_object("dog", 1, 2, 30, 40), voc_object("cat", 5, 5, 9.5, 9)),
        f"{home}/Annotations/1.xml": voc_xml("1.jpg", voc_object("cat", 1, 2, 30, 40)),
        f"{home}/Annotations/2.xml": voc_xml("2.jpg"),
        f"{home}/Annotations/3.xml": voc_xml("3.jpg", voc_object("dog", 10, 20, 10, 20, extra="")),
        f"{home}/ImageSets/Main/train.txt": "0\n1\n", f"{home}/ImageSets/Main/val.txt": "2\n3\n",
        f"{home}/ImageSets/Main/cat_train.txt": "0 1\n1 -1\n",
    })  # fmt: skip
