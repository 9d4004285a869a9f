"""Checks everything about a graph that needs no shapes: names, parameters, ports, cycles and reachability."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from ml_core.graph.document import Document, Edge, Node, is_identifier
from ml_core.graph.findings import Finding, show
from ml_core.graph.naming import did_you_mean, reserved
from ml_core.graph.operator import Operator
from ml_core.graph.operators import OPERATORS
from ml_core.graph.params import Params
from ml_core.graph.topology import check_reach, sort_nodes

_MOST_SUGGESTIONS = 50


@dataclass(slots=True)
class Wiring:
    """A graph by node: what is known of each and how they are connected.

    Attributes:
        operators: Operator of each node whose ``op`` is known.
        params: Read parameters of each node that has no fault in them.
        incoming: Edge at each connected input port of each node.
        outgoing: Edges that leave each node.
        order: Nodes in the order the code calls them, without those on or behind a cycle.
    """

    document: Document
    operators: dict[str, Operator] = field(default_factory=dict)
    params: dict[str, Params] = field(default_factory=dict)
    incoming: dict[str, dict[str, Edge]] = field(default_factory=lambda: defaultdict(dict))
    outgoing: dict[str, list[Edge]] = field(default_factory=lambda: defaultdict(list))
    order: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def suggest(self, name: str, names: Iterable[str], otherwise: str) -> str:
        """A cure for a mistyped name. A document with many faults was not typed, and looking costs time."""
        return did_you_mean(name, names, otherwise) if len(self.findings) < _MOST_SUGGESTIONS else otherwise


def wire(document: Document) -> Wiring:
    """Check names, parameters, ports, cycles and reachability of a document."""
    wiring = Wiring(document)
    for node in document.nodes:
        _check_node(node, wiring)
    nodes = {node.id for node in document.nodes}
    for edge in document.edges:
        _connect(edge, nodes, wiring)
    _check_ports(wiring)
    _check_ends(wiring)
    sort_nodes(wiring)
    check_reach(wiring)
    return wiring


def _check_node(node: Node, wiring: Wiring) -> None:
    findings = wiring.findings
    shown = show(node.id)
    reason = reserved(node.id)
    if not is_identifier(node.id):
        findings.append(
            Finding(
                "graph.bad_id",
                f"The id {shown} cannot name a layer.",
                "Use a letter first, then letters, digits and underscores, 64 characters at most.",
                node.id,
            )
        )
    elif reason:
        findings.append(
            Finding(
                "graph.reserved_id",
                f"The id {shown} is {reason}.",
                f'Rename it, for example to "{node.id}_1".',
                node.id,
            )
        )
    operator = OPERATORS.get(node.op)
    if operator is None:
        hint = wiring.suggest(node.op, OPERATORS, "Choose an operator of the catalogue.")
        findings.append(
            Finding("graph.unknown_operator", f"Node {shown} has the unknown operator {show(node.op)}.", hint, node.id)
        )
        return
    wiring.operators[node.id] = operator
    _check_params(node, operator, wiring)


def _check_params(node: Node, operator: Operator, wiring: Wiring) -> None:
    known = [param.name for param in operator.params]
    for name in node.params:
        if name not in known:
            otherwise = f"Its parameters are {', '.join(known)}." if known else f"{operator.name} has no parameters."
            wiring.findings.append(
                Finding(
                    "graph.unknown_param",
                    f"{operator.name} has no parameter {show(name)}.",
                    wiring.suggest(name, known, otherwise),
                    node.id,
                    param=name[:64],
                )
            )
    params, faults = operator.read_params(dict(node.params))
    for name, fault in faults:
        wiring.findings.append(
            Finding(
                "graph.bad_param",
                f"{name} of {operator.name} {fault}.",
                f"Set {name} to {operator.param(name).expected()}.",
                node.id,
                param=name,
            )
        )
    if params is None:
        return
    crossed = list(operator.check(params))
    for name, message, hint in crossed:
        wiring.findings.append(Finding("graph.bad_param", f"In {operator.name}, {message}.", hint, node.id, param=name))
    if not crossed:
        wiring.params[node.id] = params


def _connect(edge: Edge, nodes: set[str], wiring: Wiring) -> None:
    faults = []
    for end, node_id in (("source", edge.source), ("target", edge.target)):
        if node_id not in nodes:
            hint = wiring.suggest(node_id, nodes, "Delete the edge or add the node.")
            other = edge.target if end == "source" else edge.source
            message = f"An edge has the {end} {show(node_id)}, which does not exist."
            faults.append(Finding("graph.unknown_node", message, hint, other if other in nodes else ""))
    source, target = wiring.operators.get(edge.source), wiring.operators.get(edge.target)
    if source and not any(port.name == edge.source_port for port in source.outputs):
        names = ", ".join(port.name for port in source.outputs) or "none"
        faults.append(_unknown_port(edge.source, edge.source_port, "output", source.name, names))
    if target and not target.is_input_port(edge.target_port):
        names = "in0, in1, ..." if target.variadic else ", ".join(port.name for port in target.inputs) or "none"
        faults.append(_unknown_port(edge.target, edge.target_port, "input", target.name, names))
    if not faults and edge.target_port in wiring.incoming[edge.target]:
        first = wiring.incoming[edge.target][edge.target_port].source
        faults.append(
            Finding(
                "graph.double_connection",
                f"Port {edge.target_port} is connected twice, from {show(first)} and from {show(edge.source)}.",
                "Delete one of the two edges, or join the two values by Add or Concat first.",
                edge.target,
                edge.target_port,
            )
        )
    wiring.findings += faults
    if not faults:
        wiring.incoming[edge.target][edge.target_port] = edge
        wiring.outgoing[edge.source].append(edge)


def _unknown_port(node: str, port: str, direction: str, operator: str, names: str) -> Finding:
    return Finding(
        "graph.unknown_port",
        f"{operator} has no {direction} port {show(port)}.",
        f"Its {direction} ports are: {names}.",
        node,
        port[:64],
    )


def _check_ports(wiring: Wiring) -> None:
    for node_id, operator in wiring.operators.items():
        connected = wiring.incoming[node_id]
        if not connected and not wiring.outgoing[node_id] and operator.inputs and operator.outputs:
            wiring.findings.append(
                Finding(
                    "graph.unreachable",
                    f"Node {show(node_id)} is connected to nothing.",
                    "Connect it between an Input and the Output, or delete it.",
                    node_id,
                )
            )
            continue
        for port in operator.input_ports(list(connected)):
            if port not in connected and not operator.is_optional(port):
                wiring.findings.append(
                    Finding(
                        "graph.dangling_port",
                        f"Input port {port} of {operator.name} {show(node_id)} is not connected.",
                        "Connect the output of another node to it, or delete the node.",
                        node_id,
                        port,
                    )
                )


def _check_ends(wiring: Wiring) -> None:
    inputs = [node.id for node in wiring.document.nodes if node.op == "Input"]
    outputs = [node.id for node in wiring.document.nodes if node.op == "Output"]
    if not inputs:
        wiring.findings.append(
            Finding("graph.no_input", "The graph has no Input.", "Add an Input node with the shape of a sample.")
        )
    if not outputs:
        wiring.findings.append(
            Finding("graph.no_output", "The graph has no Output.", "Add an Output node behind the last layer.")
        )
    for extra in outputs[1:]:
        wiring.findings.append(
            Finding(
                "graph.many_outputs",
                f"The graph has more than one Output; {show(extra)} is one too many.",
                "Keep one Output; join values by Concat if the model returns several.",
                extra,
            )
        )
