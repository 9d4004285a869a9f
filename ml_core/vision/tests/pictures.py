"""A small data set of generated pictures, and a graph that learns it in seconds."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ml_core.data.manifest import Item

CLASSES = ["blue", "green", "=red"]  # the last one would be a formula in a spreadsheet
SPLITS = {"train": 12, "val": 6, "test": 5}


@dataclass(frozen=True)
class Pictures:
    version: Path
    root: Path
    items: list[Item]


def make_pictures(folder: Path) -> Pictures:
    root, version = folder / "images", folder / "version"
    version.mkdir()
    chance = np.random.default_rng(3)
    items = []
    for split, count in SPLITS.items():
        for label in range(len(CLASSES)):
            (root / split / str(label)).mkdir(parents=True)
            for number in range(count):
                width, height = int(chance.integers(18, 40)), int(chance.integers(18, 40))
                pixels = chance.integers(0, 90, (height, width, 3), dtype=np.uint8)
                pixels[..., 2 - label] += 130
                path = root / split / str(label) / f"{number}.png"
                Image.fromarray(pixels).save(path)
                content = path.read_bytes()
                items.append(
                    Item(
                        path=path.relative_to(root).as_posix(),
                        label=label,
                        split=split,  # type: ignore[arg-type]
                        width=width,
                        height=height,
                        mode="RGB",
                        format="PNG",
                        orientation=1,
                        size_bytes=len(content),
                        sha256=hashlib.sha256(content).hexdigest(),
                    )
                )
    items.sort(key=lambda item: item.path)
    (version / "items.jsonl").write_text("".join(item.as_line() for item in items))
    facts = {"format": 1, "task": "classify", "classes": CLASSES, "counts": SPLITS, "fingerprint": "sha256:pictures"}
    (version / "version.json").write_text(json.dumps(facts))
    return Pictures(version, root, items)


def chain(shape: list[int], *layers: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A graph whose nodes follow one another."""
    nodes = [{"id": "image", "op": "Input", "params": {"shape": shape}}]
    nodes += [{"id": f"layer{i}", "op": op, "params": params} for i, (op, params) in enumerate(layers)]
    nodes.append({"id": "logits", "op": "Output", "params": {}})
    edges = [
        {"source": a["id"], "source_port": "out", "target": b["id"], "target_port": "in"} for a, b in pairwise(nodes)
    ]
    return {"format": "cvstudio.graph/1", "name": "Chain", "nodes": nodes, "edges": edges}


def small_net(classes: int = 3, channels: int = 3) -> dict[str, Any]:
    return chain(
        [channels, 16, 16],
        ("Conv2d", {"out_channels": 6, "kernel_size": 3, "padding": 1}),
        ("BatchNorm2d", {}),
        ("ReLU", {}),
        ("AdaptiveAvgPool2d", {"output_size": 2}),
        ("Flatten", {}),
        ("Dropout", {"p": 0.1}),
        ("Linear", {"out_features": classes}),
    )


def config_for(pictures: Pictures, **changes: Any) -> dict[str, Any]:
    fit = {
        "epochs": 3,
        "batch_size": 9,
        "learning_rate": 0.02,
        "device": "cpu",
        "threads": 1,
        "workers": 0,
        "log_every_steps": 1,
        "log_min_interval_s": 0,
        **changes.pop("fit", {}),
    }
    return {
        "seed": 4,
        "data": {"version": str(pictures.version), "root": str(pictures.root)},
        "graph": small_net(),
        "augment": [{"op": "RandomHorizontalFlip"}, {"op": "ColorJitter"}],
        "fit": fit,
        **changes,
    }
