"""Starter detectors for the editor: narrow networks with a head, for training from scratch."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ml_core.graph.document import FORMAT

Json = dict[str, Any]
_SIDE = 320


def fcos_detector(classes: int) -> Json:
    """Residual blocks below an FCOS head."""
    blocks = (("block1", 32, 2), ("block2", 64, 2), ("block3", 64, 1), ("block4", 128, 2), ("block5", 128, 1),
              ("block6", 192, 2))  # fmt: skip
    layers = [(name, "ResidualBlock", {"out_channels": width, "stride": stride}) for name, width, stride in blocks]
    maps = {"block3": "map8", "block5": "map16", "block6": "map32"}
    return _document("FCOS detector", "FCOSHead", classes, layers, maps)


def ssdlite_detector(classes: int) -> Json:
    """Plain convolutions below an SSDLite head."""
    layers: list[tuple[str, str, Json]] = []
    for number, width in enumerate((32, 64, 96, 128), start=2):
        convolution = {"out_channels": width, "kernel_size": 3, "stride": 2, "padding": 1, "bias": False}
        layers += [(f"conv{number}", "Conv2d", convolution), (f"bn{number}", "BatchNorm2d", {})]
        layers += [(f"relu{number}", "ReLU", {})]
    maps = {"relu3": "map8", "relu4": "map16", "relu5": "map32"}
    return _document("SSDLite detector", "SSDLiteHead", classes, layers, maps)


def _document(name: str, head: str, classes: int, layers: list[tuple[str, str, Json]], maps: dict[str, str]) -> Json:
    """A stem, the layers behind each other, and the head on some of them."""
    stem: list[tuple[str, str, Json]] = [
        ("conv1", "Conv2d", {"out_channels": 24, "kernel_size": 3, "stride": 2, "padding": 1, "bias": False}),
        ("bn1", "BatchNorm2d", {}),
        ("relu1", "ReLU", {}),
    ]
    nodes: list[Json] = [{"id": "image", "op": "Input", "params": {"shape": [3, _SIDE, _SIDE]}}]
    nodes += [{"id": node, "op": op, "params": params} for node, op, params in [*stem, *layers]]
    edges = [_edge(a["id"], b["id"]) for a, b in pairwise(nodes)]
    edges += [_edge("image", "head", "image"), *(_edge(node, "head", port) for node, port in maps.items())]
    nodes.append({"id": "head", "op": head, "params": {"classes": classes}})
    nodes.append({"id": "boxes", "op": "Output", "params": {}})
    return {"format": FORMAT, "name": name, "nodes": nodes, "edges": [*edges, _edge("head", "boxes")]}


def _edge(source: str, target: str, port: str = "in") -> Json:
    return {"source": source, "source_port": "out", "target": target, "target_port": port}
