"""Starter documents for the editor: small networks that train on the first click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ml_core.graph.detector_starters import fcos_detector, ssdlite_detector
from ml_core.graph.document import FORMAT

Json = dict[str, Any]
# Node id, operator and parameters.
Layer = tuple[str, str, Json]


@dataclass(frozen=True, slots=True)
class Template:
    """A starter document."""

    name: str
    title: str
    description: str
    document: Json

    def as_dict(self) -> Json:
        """Plain JSON for the editor."""
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "document": self.document,
        }


def templates(input_shape: Sequence[int] = (3, 64, 64), classes: int = 10) -> list[Json]:
    """All starter documents for images of a size and a number of classes.

    Args:
        input_shape: Channels, height, width.
        classes: Number of outputs.
    """
    shape = list(input_shape)
    starters = (
        mlp(shape, classes),
        lenet(shape, classes),
        small_resnet(shape, classes),
        fine_tune(shape, classes, "ResNet", "resnet18"),
        fine_tune(shape, classes, "MobileNet", "mobilenet_v3_small"),
        Template(
            "detector_fcos",
            "FCOS detector",
            "Finds objects: residual blocks and a head without anchors, drawn for 320 pixels. Learns from scratch.",
            fcos_detector(classes),
        ),
        Template(
            "detector_ssdlite",
            "SSDLite detector",
            "Finds objects: plain convolutions and a light head, drawn for 320 pixels. The fastest on a CPU.",
            ssdlite_detector(classes),
        ),
    )
    return [starter.as_dict() for starter in starters]


def mlp(shape: list[int], classes: int) -> Template:
    """Two dense layers."""
    layers: list[Layer] = [
        ("flatten", "Flatten", {}),
        ("fc1", "Linear", {"out_features": 256}),
        ("relu1", "ReLU", {}),
        ("dropout1", "Dropout", {"p": 0.2}),
        ("fc2", "Linear", {"out_features": 128}),
        ("relu2", "ReLU", {}),
        ("fc3", "Linear", {"out_features": classes}),
    ]
    return Template("mlp", "MLP", "Three dense layers. A baseline for small images.", chain("MLP", shape, layers))


def lenet(shape: list[int], classes: int) -> Template:
    """LeNet-5 with today's activations (LeCun et al. 1998, doi:10.1109/5.726791)."""
    layers: list[Layer] = [
        ("conv1", "Conv2d", {"out_channels": 6, "kernel_size": 5, "padding": 2}),
        ("relu1", "ReLU", {}),
        ("pool1", "MaxPool2d", {}),
        ("conv2", "Conv2d", {"out_channels": 16, "kernel_size": 5, "padding": 2}),
        ("relu2", "ReLU", {}),
        ("pool2", "AdaptiveAvgPool2d", {"output_size": 5}),
        ("flatten", "Flatten", {}),
        ("fc1", "Linear", {"out_features": 120}),
        ("relu3", "ReLU", {}),
        ("fc2", "Linear", {"out_features": 84}),
        ("relu4", "ReLU", {}),
        ("fc3", "Linear", {"out_features": classes}),
    ]
    text = "Two convolutions and three dense layers. Trains in seconds on a CPU."
    return Template("lenet", "LeNet", text, chain("LeNet", shape, layers))


def small_resnet(shape: list[int], classes: int) -> Template:
    """A ResNet of four blocks (He et al. 2016, arXiv:1512.03385)."""
    layers: list[Layer] = [
        ("conv1", "Conv2d", {"out_channels": 32, "kernel_size": 3, "padding": 1, "bias": False}),
        ("bn1", "BatchNorm2d", {}),
        ("relu1", "ReLU", {}),
        ("block1", "ResidualBlock", {"out_channels": 32}),
        ("block2", "ResidualBlock", {"out_channels": 64, "stride": 2}),
        ("block3", "ResidualBlock", {"out_channels": 128, "stride": 2}),
        ("block4", "ResidualBlock", {"out_channels": 256, "stride": 2}),
        ("pool", "AdaptiveAvgPool2d", {"output_size": 1}),
        ("flatten", "Flatten", {}),
        ("fc", "Linear", {"out_features": classes}),
    ]
    text = "Four residual blocks. The first choice for images of 32 to 128 pixels."
    return Template("small_resnet", "Small ResNet", text, chain("Small ResNet", shape, layers))


def fine_tune(shape: list[int], classes: int, family: str, builder: str) -> Template:
    """A network from torchvision that starts from its published weights."""
    params = {"builder": builder, "weights": "DEFAULT", "num_classes": classes}
    layers: list[Layer] = [("backbone", family, params)]
    if shape[0] != 3:
        # Published weights expect RGB; a learned 1 x 1 convolution translates other channel counts.
        layers.insert(0, ("to_rgb", "Conv2d", {"out_channels": 3, "kernel_size": 1}))
    title = f"Fine-tune {builder}"
    text = f"{family} with published weights and a new head. The first choice for photographs and few images."
    return Template(f"finetune_{builder}", title, text, chain(title, shape, layers))


def chain(name: str, shape: list[int], layers: list[Layer]) -> Json:
    """A document whose nodes follow each other."""
    nodes: list[Json] = [{"id": "image", "op": "Input", "params": {"shape": shape}}]
    nodes += [{"id": node_id, "op": op, "params": params} for node_id, op, params in layers]
    nodes.append({"id": "logits", "op": "Output", "params": {}})
    edges = [
        {"source": before["id"], "source_port": "out", "target": after["id"], "target_port": "in"}
        for before, after in pairwise(nodes)
    ]
    return {"format": FORMAT, "name": name, "nodes": nodes, "edges": edges}
