"""Cost of torchvision's backbones as functions of the image size, from the table that `backbone_table` measured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ml_core.graph.tensor import window_size


@dataclass(frozen=True, slots=True)
class Weights:
    """Published weights and the preprocessing they were trained for."""

    name: str
    crop: int
    resize: int
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: int


@dataclass(frozen=True, slots=True)
class Stage:
    """The part of a network that works at one resolution; costs are per pixel of that resolution.

    Attributes:
        window: (kernel, stride, padding, dilation) of the layer that enters the stage.
        saved: Bytes that training keeps.
        widest: Bytes of the largest single value.
    """

    window: tuple[int, int, int, int]
    macs: int
    saved: int
    widest: int


@dataclass(frozen=True, slots=True)
class _Backbone:
    name: str
    family: str
    features: int
    body: int
    weights: Mapping[str, Weights]
    default: str


@dataclass(frozen=True, slots=True)
class Convolutional(_Backbone):
    """A network of stages, each at a lower resolution, followed by global pooling.

    Attributes:
        map_channels: Channels of the last feature map.
        pooled: (multiply-adds, saved bytes) that do not depend on the image size, without the last Linear.
        before_head: (parameters, multiply-adds) between the global pooling and the last Linear.
    """

    map_channels: int
    stages: tuple[Stage, ...]
    pooled: tuple[int, int]
    before_head: tuple[int, int]

    def body_parameters(self, height: int) -> int:
        """Parameters without the last Linear; the image size does not matter."""
        return self.body

    def sizes(self, height: int, width: int) -> list[tuple[int, int]]:
        """(height, width) of every stage; entries below 1 mean that the image is too small."""
        sizes = []
        for stage in self.stages:
            kernel, stride, padding, dilation = stage.window
            height = window_size(height, kernel, stride, padding, dilation)
            width = window_size(width, kernel, stride, padding, dilation)
            sizes.append((height, width))
        return sizes

    def resolution(self, height: int, width: int) -> tuple[int, int] | None:
        """Height and width of the last feature map; None when the image is too small."""
        sizes = self.sizes(height, width)
        return sizes[-1] if min(min(size) for size in sizes) >= 1 else None

    def macs(self, height: int, width: int) -> int:
        """Multiply-adds of one image without the last Linear."""
        sizes = self.sizes(height, width)
        return self.pooled[0] + sum(s.macs * h * w for s, (h, w) in zip(self.stages, sizes, strict=True))

    def saved_bytes(self, height: int, width: int) -> int:
        """Bytes of one image that training keeps."""
        sizes = self.sizes(height, width)
        return self.pooled[1] + sum(s.saved * h * w for s, (h, w) in zip(self.stages, sizes, strict=True))

    def working_bytes(self, height: int, width: int) -> int:
        """Bytes of the forward pass alone: an input, an output and a residual of the widest stage."""
        sizes = self.sizes(height, width)
        return 3 * max(s.widest * h * w for s, (h, w) in zip(self.stages, sizes, strict=True))


@dataclass(frozen=True, slots=True)
class Transformer(_Backbone):
    """A vision transformer (Dosovitskiy et al. 2021, arXiv:2010.11929); its position table fixes the image size.

    Attributes:
        image: Image size it is built for by default.
    """

    patch: int
    layers: int
    mlp: int
    image: int

    def body_parameters(self, height: int) -> int:
        """Parameters without the last Linear for square images of a size."""
        return self.body + self.tokens(height, height) * self.features

    def tokens(self, height: int, width: int) -> int:
        """Patches and the class token."""
        return (height // self.patch) * (width // self.patch) + 1

    def macs(self, height: int, width: int) -> int:
        """Multiply-adds of one image without the last Linear."""
        tokens, e = self.tokens(height, width), self.features
        patches = (tokens - 1) * 3 * self.patch**2 * e
        return patches + self.layers * tokens * (4 * e * e + 2 * e * self.mlp + 2 * tokens * e)

    def saved_bytes(self, height: int, width: int) -> int:
        """Bytes of one image that training keeps.

        Per token and layer: two norms, queries, keys and values, mixed values, two sums, and the MLP before and after
        its activation; fused attention recomputes its weights.
        """
        return 4 * self.layers * self.tokens(height, width) * (8 * self.features + 2 * self.mlp)

    def working_bytes(self, height: int, width: int) -> int:
        """Bytes of the forward pass alone: an input, a residual and the MLP."""
        return 4 * self.tokens(height, width) * max(5 * self.features, 2 * self.features + 2 * self.mlp)


Backbone = Convolutional | Transformer


@cache
def backbones() -> dict[str, Backbone]:
    """Every backbone by the name of its torchvision builder."""
    text = (files("ml_core.graph.operators") / "backbones.json").read_text(encoding="utf-8")
    return read_table(json.loads(text))


def read_table(table: Mapping[str, Any]) -> dict[str, Backbone]:
    """Backbones from the parsed table."""
    return {name: _read(name, entry) for name, entry in table["builders"].items()}


def _read(name: str, entry: Mapping[str, Any]) -> Backbone:
    shared: dict[str, Any] = {
        "name": name,
        "family": entry["family"],
        "features": entry["features"],
        "body": entry["body"],
        "weights": {
            key: Weights(
                key, w["crop"], w["resize"], w["interpolation"], tuple(w["mean"]), tuple(w["std"]), w["classes"]
            )
            for key, w in entry["weights"].items()
        },
        "default": entry["default"],
    }
    if "patch" in entry:
        return Transformer(
            **shared, patch=entry["patch"], layers=entry["layers"], mlp=entry["mlp"], image=entry["image"]
        )
    stages = tuple(Stage((s[0], s[1], s[2], s[3]), s[4], s[5], s[6]) for s in entry["stages"])
    pooled = (entry["fixed"][0], entry["fixed"][1])
    before_head = (entry["before_head"][0], entry["before_head"][1])
    return Convolutional(**shared, map_channels=entry["map"], stages=stages, pooled=pooled, before_head=before_head)
