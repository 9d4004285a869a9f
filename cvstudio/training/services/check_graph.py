"""Checks whether the network of a planned training fits images and the classes of the data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cvstudio.training.report import Check
from ml_core.graph import Analysis
from ml_core.graph.detectors import drawn_head

CHANNELS = {1: "grey", 3: "colour"}


def check_graph(analysis: Analysis, document: dict[str, Any], classes: int) -> Iterator[Check]:
    """Findings about the graph.

    Args:
        analysis: Of the document.
        document: The graph.
        classes: Number of classes in the data.
    """
    faults = list(_faults(analysis))
    yield from faults
    if not faults:
        yield from _check_input(analysis)
        yield from _check_output(analysis, document, classes)
        yield _told(analysis)


def check_detector(analysis: Analysis, document: dict[str, Any], classes: int) -> Iterator[Check]:
    """Findings about a graph that ends with boxes, or whose feature maps a detector stands on."""
    faults = list(_faults(analysis))
    yield from faults
    if faults:
        return
    yield from _check_colour(analysis)
    head = drawn_head(document)
    if head is not None and head.classes != classes:
        yield Check(
            "preflight.class_count",
            "red",
            f"The head finds {head.classes} classes but the data set has {classes}.",
            f"Set classes of {head.node} to {classes}.",
            where=head.node,
            facts={"outputs": head.classes, "classes": classes},
        )
    elif head is not None:
        yield Check(
            "preflight.head", "ok", f"Boxes come from {head.node}: what the settings say about a detector is not used."
        )
    yield _told(analysis)


def check_segmenter(analysis: Analysis, classes: int) -> Iterator[Check]:
    """Findings about a graph for a segmentation: one that ends with a map of all classes, or a backbone."""
    faults = list(_faults(analysis))
    yield from faults
    if faults:
        return
    yield from _check_colour(analysis)
    shape = analysis.output_shape or []
    if len(shape) == 4 and shape[1] != classes + 1:
        yield Check(
            "preflight.class_count",
            "red",
            f"The network ends with maps of {shape[1]} classes but the data set has {classes} and the background.",
            f"Let its last layer have {classes + 1} channels.",
            where="Output",
            facts={"outputs": shape[1], "classes": classes + 1},
        )
    yield _told(analysis)


def _check_colour(analysis: Analysis) -> Iterator[Check]:
    channels = [shape[1] for shape in analysis.input_shapes.values() if len(shape) == 4]
    if channels != [3]:
        yield Check(
            "preflight.channels",
            "red",
            "One image in colour is looked at, and the network does not take one.",
            "Keep one Input node, and set its shape to [3, height, width].",
            where=next(iter(analysis.input_shapes), ""),
        )


def _faults(analysis: Analysis) -> Iterator[Check]:
    errors = [finding for finding in analysis.findings if finding.severity == "error"]
    for fault in errors[:10]:
        where = f"{fault.node}.{fault.port}" if fault.port else fault.node
        yield Check(fault.code, "red", fault.message, fault.hint, where)


def _told(analysis: Analysis) -> Check:
    totals = analysis.totals
    macs = totals.macs // (analysis.batch or 1)
    return Check(
        "preflight.network",
        "ok",
        f"{totals.params:,} parameters, {totals.trainable:,} of them trained; {macs:,} multiply-adds an image.",
        facts={"params": totals.params, "trainable": totals.trainable, "macs": macs},
    )


def _check_input(analysis: Analysis) -> Iterator[Check]:
    if len(analysis.input_shapes) != 1:
        yield Check(
            "preflight.inputs",
            "red",
            f"The network has {len(analysis.input_shapes)} inputs, but a classifier of images takes one.",
            "Keep one Input node.",
        )
        return
    ((node, shape),) = analysis.input_shapes.items()
    sizes = shape[1:]
    if len(sizes) != 3 or sizes[0] not in CHANNELS:
        yield Check(
            "preflight.channels",
            "red",
            f"The network takes {sizes}, but images come as 1 channel (grey) or 3 channels (colour).",
            f"Set the shape of {node} to [3, height, width] or [1, height, width].",
            where=node,
        )
        return
    yield Check(
        "preflight.input", "ok", f"Images are read in {CHANNELS[int(sizes[0])]} at {sizes[1]} x {sizes[2]} pixels."
    )


def _check_output(analysis: Analysis, document: dict[str, Any], classes: int) -> Iterator[Check]:
    shape = analysis.output_shape or []
    if len(shape) != 2:
        yield Check(
            "preflight.output_shape",
            "red",
            f"The network ends with {shape}, but a classifier ends with one number for each class.",
            f"End with a Flatten or a global pooling and a Linear of {classes} outputs.",
            where="Output",
        )
    elif shape[1] != classes:
        node = _last_layer(document)
        yield Check(
            "preflight.class_count",
            "red",
            f"The network ends with {shape[1]} outputs but the data set has {classes} classes.",
            f"Set the number of outputs of {node or 'the last layer'} to {classes}.",
            where=node,
            facts={"outputs": shape[1], "classes": classes},
        )


def _last_layer(document: dict[str, Any]) -> str:
    """Id of the node that sets the number of outputs: going back from the Output, the first that says one."""
    nodes: dict[str, Any] = {node["id"]: node for node in document.get("nodes", [])}
    before: dict[str, str] = {edge["target"]: edge["source"] for edge in document.get("edges", [])}
    current = next((name for name, node in nodes.items() if node["op"] == "Output"), "")
    for _ in nodes:
        current = before.get(current, "")
        if not current or {"out_features", "out_channels", "num_classes"} & set(nodes[current].get("params", {})):
            return current
    return ""
