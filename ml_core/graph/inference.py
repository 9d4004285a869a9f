"""Shapes of a whole graph, from rules alone: no tensor is made and torch is not imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ml_core.graph.document import Document, read_document
from ml_core.graph.findings import Finding
from ml_core.graph.operator import Inputs
from ml_core.graph.params import Params
from ml_core.graph.tensor import MAX_ELEMENTS, ShapeFault, Tensor
from ml_core.graph.wiring import Wiring, wire


@dataclass(slots=True)
class Inference:
    """What is known of a graph. Nodes behind a fault have no entry.

    Attributes:
        wiring: The connected graph; None when the document could not be read at all.
        inputs: Tensors at the input ports of each node.
        outputs: Tensor at the output of each node.
        findings: Every fault and warning.
    """

    wiring: Wiring | None
    inputs: dict[str, Inputs] = field(default_factory=dict)
    outputs: dict[str, Tensor] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def document(self) -> Document | None:
        """The document that was read."""
        return self.wiring.document if self.wiring else None

    @property
    def errors(self) -> list[Finding]:
        """The findings that stop code generation."""
        return [finding for finding in self.findings if finding.severity == "error"]


def infer(document: object, input_shape: Sequence[int] | None = None) -> Inference:
    """Check a document and find the shape on every port.

    Args:
        document: A mapping, JSON text or `Document`.
        input_shape: Replaces the shape of the first Input, without the batch axis: "what if the image is larger?".
    """
    parsed, findings = read_document(document)
    if parsed is None:
        return Inference(None, findings=findings)
    wiring = wire(parsed)
    result = Inference(wiring, findings=[*findings, *wiring.findings])
    if input_shape is not None:
        _override(wiring, input_shape, result.findings)
    for node_id in wiring.order:
        _infer_node(node_id, wiring, result)
    _warn_of_probabilities(wiring, result)
    return result


def _override(wiring: Wiring, input_shape: Sequence[int], findings: list[Finding]) -> None:
    first = next((n for n in wiring.order if n in wiring.params and wiring.operators[n].name == "Input"), None)
    if first is None:
        return
    operator = wiring.operators[first]
    params, faults = operator.read_params({**wiring.params[first], "shape": list(input_shape)})
    if params is None:
        findings += [Finding("graph.bad_param", f"{n} of Input {fault}.", "", first, param=n) for n, fault in faults]
    else:
        wiring.params[first] = params


def _infer_node(node_id: str, wiring: Wiring, result: Inference) -> None:
    operator, params = wiring.operators.get(node_id), wiring.params.get(node_id)
    if operator is None:
        return
    edges = wiring.incoming[node_id]
    arrived: dict[str, Tensor] = {}
    for port in operator.input_ports(list(edges)):
        edge = edges.get(port)
        if edge and edge.source in result.outputs:
            arrived[port] = result.outputs[edge.source]
        elif edge or not operator.is_optional(port):
            return  # Something before this node is at fault and was reported there.
    inputs = Inputs(arrived)
    result.inputs[node_id] = inputs
    if params is None:
        return
    try:
        output = operator.infer(params, inputs)
        if output.elements > MAX_ELEMENTS:
            raise ShapeFault(
                f"The output {output} of {operator.name} is larger than any memory.",
                "Use fewer channels or a lower resolution.",
                port="",
                code="graph.too_large",
            )
    except ShapeFault as fault:
        result.findings.append(Finding(fault.code, fault.message, fault.hint, node_id, fault.port))
        return
    result.outputs[node_id] = output
    for code, message, hint in operator.warn(params, inputs):
        result.findings.append(Finding(code, message, hint, node_id, severity="warning"))


def _warn_of_probabilities(wiring: Wiring, result: Inference) -> None:
    """Cross entropy applies a softmax of its own; a second one makes training slow and the scores flat."""
    for node_id, operator in wiring.operators.items():
        source = next((edge.source for edge in wiring.incoming[node_id].values()), "")
        if operator.name == "Output" and source in wiring.operators and wiring.operators[source].name == "Softmax":
            result.findings.append(
                Finding(
                    "graph.softmax_output",
                    "The model returns probabilities, but training on cross entropy needs the values before Softmax.",
                    "Delete the Softmax; predictions show probabilities all the same.",
                    source,
                    severity="warning",
                )
            )


def read_node(inference: Inference, node_id: str) -> tuple[Params, Inputs, Tensor]:
    """Parameters, inputs and output of a node that inference could resolve."""
    assert inference.wiring is not None
    return inference.wiring.params[node_id], inference.inputs[node_id], inference.outputs[node_id]
