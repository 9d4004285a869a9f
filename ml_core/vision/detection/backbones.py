"""Known backbones as graph documents, so that a drawn network and a named one take the same path."""

from __future__ import annotations

from typing import Any, Literal, get_args

from ml_core.graph.operators.backbone_cost import backbones
from ml_core.graph.starters import chain

BackboneName = Literal[
    "compact", "resnet18", "resnet34", "resnet50", "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0",
    "convnext_tiny",
]  # fmt: skip
NAMES: tuple[str, ...] = get_args(BackboneName)
_SIZE = 256
_CLASSES = 10  # the head is cut off; a graph of a classifier needs some number


def backbone_graph(name: str, *, pretrained: bool) -> dict[str, Any]:
    """The graph of a named backbone.

    Args:
        name: One of `NAMES`.
        pretrained: Let it start from its published weights. ``compact`` has none.
    """
    if name == "compact":
        return _compact()
    family = backbones()[name].family
    params = {"builder": name, "weights": "DEFAULT" if pretrained else None, "num_classes": _CLASSES}
    return chain(name, [3, _SIZE, _SIZE], [("backbone", family, params)])


def _compact() -> dict[str, Any]:
    """A narrow residual network (He et al. 2016) with strides 4 to 32, for training from scratch on a CPU."""
    blocks = (("block1", 32, 2), ("block2", 64, 2), ("block3", 64, 1), ("block4", 128, 2), ("block5", 128, 1),
              ("block6", 192, 2))  # fmt: skip
    layers: list[Any] = [
        ("conv1", "Conv2d", {"out_channels": 24, "kernel_size": 3, "stride": 2, "padding": 1, "bias": False}),
        ("bn1", "BatchNorm2d", {}),
        ("relu1", "ReLU", {}),
        *((name, "ResidualBlock", {"out_channels": width, "stride": stride}) for name, width, stride in blocks),
        ("pool", "AdaptiveAvgPool2d", {"output_size": 1}),
        ("flatten", "Flatten", {}),
        ("fc", "Linear", {"out_features": _CLASSES}),
    ]
    return chain("compact", [3, _SIZE, _SIZE], layers)
