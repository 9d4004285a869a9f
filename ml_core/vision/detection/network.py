"""The network of a detector, made by its generated code: drawn whole, or a head on the maps of any network."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from torch import nn

from ml_core.errors import GraphError
from ml_core.graph import analyze
from ml_core.graph.build import load_model, write_code
from ml_core.graph.codegen import Head, detector_code, model_code
from ml_core.graph.detectors import check_drawn, drawn_head
from ml_core.graph.operators.detection import (
    DetectorHead,
    FasterRCNNHead,
    FCOSHead,
    RetinaNetHead,
    SSDHead,
    SSDLiteHead,
)
from ml_core.vision.detection.backbones import backbone_graph
from ml_core.vision.detection.config import DetectConfig
from ml_core.vision.detection.feature_maps import find_maps

HEADS: dict[str, DetectorHead] = {
    "fcos": FCOSHead(),
    "retinanet": RetinaNetHead(),
    "ssd": SSDHead(),
    "ssdlite": SSDLiteHead(),
    "fasterrcnn": FasterRCNNHead(),
}


def graph_of(config: DetectConfig) -> dict[str, Any]:
    """The drawn network, or that of the named backbone."""
    return config.graph or backbone_graph(config.backbone, pretrained=config.pretrained)


def write_detector(config: DetectConfig, classes: int, folder: Path) -> None:
    """Write ``model.py``: called with images it gives boxes, with images and targets the parts of the loss.

    Raises:
        GraphError: The graph has faults, too few feature maps, or a head that does not fit the data.
    """
    graph = graph_of(config)
    head = drawn_head(graph)
    if head is not None:
        check_drawn(head, classes)
        text = model_code(graph).text
    else:
        with tempfile.TemporaryDirectory(prefix="backbone-") as scratch:
            backbone = load_model(graph, scratch, pretrained=False)
        (shape,) = analyze(graph).input_shapes.values()
        maps = find_maps(backbone, (int(shape[-2]), int(shape[-1])))
        standing = Head(HEADS[config.detector], maps, classes, config.width, config.nms)
        text = detector_code(graph, standing).text
    write_code(text, folder)


def load_detector_code(folder: Path, *, pretrained: bool) -> tuple[nn.Module, str]:
    """The network of a ``model.py``, and why its published weights could not be had, if so.

    Raises:
        GraphError: There is no such file, or it holds more than a model.
    """
    try:
        return load_model(folder, pretrained=pretrained), ""
    except GraphError as error:
        if error.code != "graph.weights_unavailable":
            raise
        return load_model(folder, pretrained=False), error.message
