"""A small data set of discs and squares on noise, which a small detector learns in seconds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from ml_core.data.tests.label_sets import Imported, take

CLASSES = ["disc", "square"]
SPLITS = {"train": 40, "val": 12, "test": 6}
WIDTH, HEIGHT = 128, 96


@dataclass(frozen=True)
class Shapes:
    version: Path
    root: Path
    imported: Imported


def make_shapes(folder: Path) -> Shapes:
    """Images with one to three shapes each, as COCO files; one training image is in no file, one has a crowd."""
    root = folder / "images"
    chance = np.random.default_rng(5)
    for split, count in SPLITS.items():
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for number in range(count):
            name = f"{split}/{number}.png"
            (root / split).mkdir(parents=True, exist_ok=True)
            objects = _draw(root / name, chance)
            images.append({"id": number, "file_name": f"{number}.png", "width": WIDTH, "height": HEIGHT})
            for label, (left, top, side) in objects:
                annotations.append(
                    {"id": len(annotations) + 1, "image_id": number, "category_id": label + 1, "iscrowd": 0,
                     "bbox": [left, top, side, side], "area": side * side}
                )  # fmt: skip
        if split == "train":
            _draw(root / "train/unlabelled.png", chance)
            annotations[-1] |= {"iscrowd": 1}
        categories = [{"id": n + 1, "name": name} for n, name in enumerate(CLASSES)]
        document = {"images": images, "annotations": annotations, "categories": categories}
        (root / "annotations").mkdir(exist_ok=True)
        (root / f"annotations/instances_{split}.json").write_text(json.dumps(document))
    (folder / "version").mkdir()
    imported = take(root, folder / "version", format="coco")
    return Shapes(imported.folder, root, imported)


def _draw(path: Path, chance: np.random.Generator) -> list[tuple[int, tuple[int, int, int]]]:
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
        objects.append((label, (left, top, side)))
    image.save(path)
    return objects


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


def small_backbone() -> dict[str, Any]:
    """A drawn network of four steps."""
    layers: list[tuple[str, dict[str, Any]]] = []
    for width in (8, 16, 32, 48):
        layers.append(("Conv2d", {"out_channels": width, "kernel_size": 3, "stride": 2, "padding": 1}))
        layers += [("BatchNorm2d", {}), ("ReLU", {})]
    layers += [("AdaptiveAvgPool2d", {"output_size": 1}), ("Flatten", {}), ("Linear", {"out_features": 2})]
    nodes = [{"id": "image", "op": "Input", "params": {"shape": [3, 128, 128]}}]
    nodes += [{"id": f"layer{i}", "op": op, "params": params} for i, (op, params) in enumerate(layers)]
    nodes.append({"id": "logits", "op": "Output", "params": {}})
    edges = [
        {"source": a["id"], "source_port": "out", "target": b["id"], "target_port": "in"}
        for a, b in zip(nodes, nodes[1:], strict=False)
    ]
    return {"format": "cvstudio.graph/1", "name": "Small", "nodes": nodes, "edges": edges}
