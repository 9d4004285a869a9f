"""A small data set of discs and squares with polygons, which a small network learns to segment in seconds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from ml_core.data.tests.label_sets import Imported, take
from ml_core.vision.detection.tests.shapes import small_backbone

CLASSES = ["disc", "square"]
SPLITS = {"train": 40, "val": 12, "test": 6}
WIDTH, HEIGHT = 128, 96
_CORNERS = 24


@dataclass(frozen=True)
class Shapes:
    version: Path
    root: Path
    imported: Imported


def make_shapes(folder: Path) -> Shapes:
    """Images with one to three shapes each, as COCO files.

    One training image is in no file, one has a box without a polygon beside a crowd, and one has a box alone.
    """
    root = folder / "images"
    chance = np.random.default_rng(5)
    for split, count in SPLITS.items():
        images, annotations = [], []
        for number in range(count):
            (root / split).mkdir(parents=True, exist_ok=True)
            objects = _draw(root / f"{split}/{number}.png", chance)
            images.append({"id": number, "file_name": f"{number}.png", "width": WIDTH, "height": HEIGHT})
            annotations += [_annotation(number, label, points) for label, points in objects]
        if split == "train":
            _draw(root / "train/unlabelled.png", chance)
            _draw(root / "train/boxes.png", chance)
            images.append({"id": count, "file_name": "boxes.png", "width": WIDTH, "height": HEIGHT})
            annotations.append({**annotations[0], "image_id": count, "segmentation": []})
            annotations[0]["iscrowd"] = 1
            annotations.append({**annotations[0], "iscrowd": 0, "segmentation": [], "bbox": [100, 80, 20, 10]})
        for number, annotation in enumerate(annotations, start=1):
            annotation["id"] = number
        categories = [{"id": n + 1, "name": name} for n, name in enumerate(CLASSES)]
        document = {"images": images, "annotations": annotations, "categories": categories}
        (root / "annotations").mkdir(exist_ok=True)
        (root / f"annotations/instances_{split}.json").write_text(json.dumps(document))
    (folder / "version").mkdir()
    imported = take(root, folder / "version", format="coco")
    return Shapes(imported.folder, root, imported)


def _draw(path: Path, chance: np.random.Generator) -> list[tuple[int, list[tuple[float, float]]]]:
    image = Image.fromarray(chance.integers(0, 80, (HEIGHT, WIDTH, 3), dtype=np.uint8))
    pen = ImageDraw.Draw(image)
    objects = []
    for column in range(int(chance.integers(1, 4))):
        label, side = int(chance.integers(0, 2)), int(chance.integers(18, 38))
        left = column * 42 + int(chance.integers(0, 42 - side + 1))
        top = int(chance.integers(0, HEIGHT - side))
        corners = (left, top, left + side - 1, top + side - 1)
        colour = (230, 180, 60) if label else (60, 200, 230)
        pen.rectangle(corners, fill=colour) if label else pen.ellipse(corners, fill=colour)
        objects.append((label, _outline(label, left, top, side)))
    image.save(path)
    return objects


def _outline(label: int, left: float, top: float, side: float) -> list[tuple[float, float]]:
    if label:
        return [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]
    turns = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    half = side / 2
    return [(left + half + half * float(np.cos(t)), top + half + half * float(np.sin(t))) for t in turns]


def _annotation(image: int, label: int, points: list[tuple[float, float]]) -> dict[str, Any]:
    (left, top), (right, bottom) = np.min(points, axis=0), np.max(points, axis=0)
    box = [float(left), float(top), float(right - left), float(bottom - top)]
    flat = [value for point in points for value in point]
    return {"image_id": image, "category_id": label + 1, "iscrowd": 0, "bbox": box, "area": box[2] * box[3],
            "segmentation": [flat]}  # fmt: skip


def config_for(shapes: Shapes, **changes: Any) -> dict[str, Any]:
    """A training of a few seconds."""
    fit = {
        "epochs": 8,
        "batch_size": 8,
        "learning_rate": 3e-3,
        "warmup_steps": 5,
        "clip_norm": 10.0,
        "device": "cpu",
        "threads": 1,
        "workers": 0,
        "log_every_steps": 1,
        "log_min_interval_s": 0,
        **changes.pop("fit", {}),
    }
    return {
        "seed": 4,
        "data": {"version": str(shapes.version), "root": str(shapes.root)},
        "size": 128,
        "width": 32,
        "pretrained": False,
        "graph": small_backbone(),
        "augment": [{"op": "RandomHorizontalFlip"}],
        "fit": fit,
        **changes,
    }


def drawn_segmenter(classes: int = 3) -> dict[str, Any]:
    """A drawn network that ends with a map of all classes."""
    layers: list[tuple[str, dict[str, Any]]] = [
        ("Conv2d", {"out_channels": 16, "kernel_size": 3, "stride": 2, "padding": 1}),
        ("ReLU", {}),
        ("Conv2d", {"out_channels": 32, "kernel_size": 3, "stride": 2, "padding": 1}),
        ("ReLU", {}),
        ("ConvTranspose2d", {"out_channels": 16, "kernel_size": 2, "stride": 2}),
        ("ReLU", {}),
        ("Conv2d", {"out_channels": classes, "kernel_size": 1}),
    ]
    nodes = [{"id": "image", "op": "Input", "params": {"shape": [3, 128, 128]}}]
    nodes += [{"id": f"layer{i}", "op": op, "params": params} for i, (op, params) in enumerate(layers)]
    nodes.append({"id": "maps", "op": "Output", "params": {}})
    edges = [
        {"source": a["id"], "source_port": "out", "target": b["id"], "target_port": "in"}
        for a, b in zip(nodes, nodes[1:], strict=False)
    ]
    return {"format": "cvstudio.graph/1", "name": "Drawn", "nodes": nodes, "edges": edges}
