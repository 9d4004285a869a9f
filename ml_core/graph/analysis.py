"""The budget of a graph: shapes, parameters, multiply-adds and memory of every node and edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ml_core.graph.findings import Finding
from ml_core.graph.inference import Inference, infer, read_node
from ml_core.graph.operator import Window

Axes = list[int | str]


@dataclass(frozen=True, slots=True)
class NodeCost:
    """One node's shapes and budget.

    Attributes:
        in_shapes: Shape at each connected input port; the batch axis is ``"N"`` or the given batch.
        out_shape: Shape of the output; None when a fault stops it from being known.
        params: Number of parameters; ``trainable`` is the part that training changes.
        macs: Multiply-adds; None when the operator has no rule. ``flops`` is twice that, as torch counts.
        activation_bytes: ``train``: kept for the backward pass. ``eval``: allocated by the forward pass at most.
        receptive_field: Input pixels (height, width) that one output position sees; None when it sees everything.
        stride: Input pixels between neighbouring output positions; None likewise.
    """

    id: str
    op: str
    in_shapes: dict[str, Axes]
    out_shape: Axes | None = None
    params: int = 0
    trainable: int = 0
    macs: int | None = None
    flops: int | None = None
    activation_bytes: dict[str, int] = field(default_factory=dict)
    receptive_field: list[int] | None = None
    stride: list[int] | None = None


@dataclass(frozen=True, slots=True)
class EdgeShape:
    """The tensor on one edge."""

    source: str
    source_port: str
    target: str
    target_port: str
    shape: Axes
    dtype: str


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the graph.

    Attributes:
        activation_bytes: ``train``: everything kept for the backward pass. ``eval``: the peak of the forward pass
            when each value is freed after its last use.
        weight_bytes: Parameters as float32.
    """

    params: int = 0
    trainable: int = 0
    macs: int = 0
    flops: int = 0
    activation_bytes: dict[str, int] = field(default_factory=lambda: {"train": 0, "eval": 0})
    weight_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Analysis:
    """The budget of a graph; partial when `findings` holds errors.

    Costs are per sample, or for a whole batch when one was given.

    Attributes:
        not_counted: Nodes without a multiply-add rule, in order (as with torch's counter, only matrix products,
            convolutions and attention are counted).
    """

    nodes: dict[str, NodeCost]
    edges: list[EdgeShape]
    totals: Totals
    not_counted: list[str]
    findings: list[Finding]
    input_shapes: dict[str, Axes]
    output_shape: Axes | None
    batch: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON for the API and the editor."""
        return asdict(self)


def analyze(document: object, input_shape: Sequence[int] | None = None, batch: int | None = None) -> Analysis:
    """Find shapes and costs of every node and edge without allocating anything.

    Args:
        document: A mapping, JSON text or `Document`. Faults do not raise; they are in `Analysis.findings`.
        input_shape: Replaces the shape of the first Input, without the batch axis.
        batch: Number of samples; the batch axis stays ``"N"`` and costs are per sample without it.
    """
    inference = infer(document, input_shape)
    wiring = inference.wiring
    if wiring is None:
        return Analysis({}, [], Totals(), [], inference.findings, {}, None, batch)
    fields: dict[str, Field] = {}
    nodes = {
        node_id: _cost(node_id, inference, batch, fields) for node_id in wiring.order if node_id in wiring.operators
    }
    edges = [
        EdgeShape(
            edge.source,
            edge.source_port,
            edge.target,
            edge.target_port,
            inference.outputs[edge.source].axes(batch),
            inference.outputs[edge.source].dtype,
        )
        for edge in wiring.document.edges
        if edge.source in inference.outputs
    ]
    ends = {name: [n for n in nodes if nodes[n].op == name] for name in ("Input", "Output")}
    known = [node for node in nodes.values() if node.out_shape is not None]
    output = next((nodes[n].out_shape for n in ends["Output"]), None)
    return Analysis(
        nodes=nodes,
        edges=edges,
        totals=_totals(known, inference, batch or 1),
        not_counted=[node.id for node in known if node.macs is None],
        findings=inference.findings,
        input_shapes={n: shape for n in ends["Input"] if (shape := nodes[n].out_shape) is not None},
        output_shape=output,
        batch=batch,
    )


def _cost(node_id: str, inference: Inference, batch: int | None, fields: dict[str, Field]) -> NodeCost:
    assert inference.wiring is not None
    operator = inference.wiring.operators[node_id]
    arrived = inference.inputs.get(node_id)
    in_shapes = {port: tensor.axes(batch) for port, tensor in arrived.by_port.items()} if arrived else {}
    if node_id not in inference.outputs:
        return NodeCost(node_id, operator.name, in_shapes)
    params, inputs, output = read_node(inference, node_id)
    samples = batch or 1
    macs = operator.macs(params, inputs, output)
    macs = None if macs is None else macs * samples
    seen = _see(node_id, inference, operator.window(params, inputs), fields)
    return NodeCost(
        id=node_id,
        op=operator.name,
        in_shapes=in_shapes,
        out_shape=output.axes(batch),
        params=operator.parameter_count(params, inputs),
        trainable=operator.trainable_count(params, inputs),
        macs=macs,
        flops=None if macs is None else 2 * macs,
        activation_bytes={
            "train": operator.saved_bytes(params, inputs, output) * samples,
            "eval": operator.working_bytes(params, inputs, output) * samples,
        },
        receptive_field=list(seen[0]) if seen else None,
        stride=list(seen[1]) if seen else None,
    )


# Receptive field and stride in input pixels; None once a position sees the whole input.
Field = tuple[tuple[int, ...], tuple[int, ...]] | None


def _see(node_id: str, inference: Inference, window: Window | None, fields: dict[str, Field]) -> Field:
    """Araujo et al. 2019 (doi:10.23915/distill.00021): each window widens the field by (reach - 1) strides."""
    assert inference.wiring is not None
    sources = [edge.source for edge in inference.wiring.incoming[node_id].values()]
    axes = len(inference.outputs[node_id].spatial)
    seen: Field = None
    if not sources and axes:
        seen = ((1,) * axes, (1,) * axes)
    elif axes:
        before = [fields.get(source) for source in sources]
        known = [item for item in before if item is not None and len(item[0]) == axes]
        if known and len(known) == len(before):
            widest = tuple(max(item[0][axis] for item in known) for axis in range(axes))
            steps = tuple(max(item[1][axis] for item in known) for axis in range(axes))
            if window is not None and len(window.reach) == axes:
                reach = tuple(w + (r - 1) * s for w, r, s in zip(widest, window.reach, steps, strict=True))
                seen = (reach, tuple(s * step for s, step in zip(steps, window.step, strict=True)))
    fields[node_id] = seen
    return seen


def _totals(nodes: list[NodeCost], inference: Inference, samples: int) -> Totals:
    macs = sum(node.macs or 0 for node in nodes)
    params = sum(node.params for node in nodes)
    return Totals(
        params=params,
        trainable=sum(node.trainable for node in nodes),
        macs=macs,
        flops=2 * macs,
        activation_bytes={
            "train": sum(node.activation_bytes["train"] for node in nodes),
            "eval": _peak(nodes, inference) * samples,
        },
        weight_bytes=4 * params,
    )


def _peak(nodes: list[NodeCost], inference: Inference) -> int:
    """Most bytes alive at once in a forward pass without gradients, when each value dies after its last use."""
    assert inference.wiring is not None
    wiring = inference.wiring
    position = {node.id: index for index, node in enumerate(nodes)}
    last_use: dict[str, int] = {}
    for node in reversed(nodes):
        # A view keeps the memory of its input alive until its own last use.
        targets = [edge.target for edge in wiring.outgoing[node.id] if edge.target in position]
        uses = [last_use[t] if wiring.operators[t].is_view else position[t] for t in targets]
        last_use[node.id] = max(uses, default=position[node.id])
    dies: dict[int, int] = {}
    alive = peak = 0
    for index, node in enumerate(nodes):
        params, inputs, output = read_node(inference, node.id)
        operator = wiring.operators[node.id]
        peak = max(peak, alive + operator.working_bytes(params, inputs, output))
        size = 0 if operator.is_view else output.bytes
        alive += size
        dies[last_use[node.id]] = dies.get(last_use[node.id], 0) + size
        peak = max(peak, alive)
        alive -= dies.pop(index, 0)
    return peak
