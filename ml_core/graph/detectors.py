"""Detectors that are drawn whole: graphs whose output is boxes."""

from __future__ import annotations

from dataclasses import dataclass

from ml_core.errors import GraphError
from ml_core.graph.inference import infer
from ml_core.graph.operators.detection import DetectorHead


@dataclass(frozen=True, slots=True)
class DrawnHead:
    """The head of a drawn detector.

    Attributes:
        node: Its id.
        classes: How many it tells apart.
        image: Shape of the image that enters the graph, without the batch axis.
        inputs: How many Input nodes there are.
    """

    node: str
    classes: int
    image: tuple[int, ...]
    inputs: int


def drawn_head(document: object) -> DrawnHead | None:
    """The head of a graph that ends with boxes; None for any other graph, also for one with faults in its head."""
    inference = infer(document)
    wiring = inference.wiring
    if wiring is None:
        return None
    head = next((n for n in inference.outputs if isinstance(wiring.operators[n], DetectorHead)), None)
    if head is None:
        return None
    inputs = [node_id for node_id in inference.outputs if wiring.operators[node_id].name == "Input"]
    image = inference.outputs[inputs[0]].shape if inputs else ()
    return DrawnHead(head, wiring.params[head].int("classes"), image, len(inputs))


def check_drawn(head: DrawnHead, classes: int) -> None:
    """Refuse a drawn detector that does not fit a data set.

    Raises:
        GraphError: With the node and the cure.
    """
    if head.inputs != 1 or len(head.image) != 3 or head.image[0] != 3:
        raise GraphError(
            "A detector looks at one image in colour, and the network does not take one.",
            code="graph.channels",
            hint="Keep one Input node, and set its shape to [3, height, width].",
            where=head.node,
        )
    if head.classes != classes:
        raise GraphError(
            f"The head tells {head.classes} classes apart but the data set has {classes}.",
            code="graph.class_count",
            hint=f"Set classes of {head.node} to {classes}.",
            where=head.node,
        )
