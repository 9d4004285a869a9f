"""The order of a graph's nodes, its cycles, and what reaches what."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ml_core.graph.document import is_identifier
from ml_core.graph.findings import Finding, show

if TYPE_CHECKING:
    from ml_core.graph.wiring import Wiring

_DIGITS = re.compile(r"([0-9]+)")


def natural(node_id: str) -> tuple[list[tuple[int, str]], str]:
    """Sort key that puts ``conv2`` before ``conv10``.

    Numbers are compared by length and then as text: an id may hold more digits than Python converts. The id itself
    decides between ``a1`` and ``a01``, so that the order never depends on the order of the document.
    """
    parts = [part.lstrip("0") if i % 2 else part for i, part in enumerate(_DIGITS.split(node_id))]
    return [(len(part) if i % 2 else 0, part) for i, part in enumerate(parts)], node_id


def sort_nodes(wiring: Wiring) -> None:
    """Order the nodes so that each comes after its sources, and report the cycles that stand in the way.

    Each branch is followed to its end before the next one begins, so that the generated code reads in chains.
    """
    waiting = {node.id: len({e.source for e in wiring.incoming[node.id].values()}) for node in wiring.document.nodes}
    # A stack: the successors of the node just placed come next; ties go by natural order of the ids.
    ready = sorted((node_id for node_id, count in waiting.items() if count == 0), key=natural, reverse=True)
    ready.sort(key=lambda node_id: node_id in wiring.operators and not wiring.operators[node_id].inputs)
    while ready:
        node_id = ready.pop()
        wiring.order.append(node_id)
        successors = sorted({edge.target for edge in wiring.outgoing[node_id]}, key=natural, reverse=True)
        for target in successors:
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    placed = set(wiring.order)
    _report_cycles({node_id for node_id in waiting if node_id not in placed}, wiring)


def _report_cycles(suspects: set[str], wiring: Wiring) -> None:
    """One finding for each disjoint cycle, with its path."""
    successors = {s: {edge.target for edge in wiring.outgoing[s]} & suspects for s in suspects}
    sources = {s: {edge.source for edge in wiring.incoming[s].values()} & suspects for s in suspects}
    left = set(suspects)

    def drop(nodes: Iterable[str]) -> None:
        """Take nodes away, and with them everything that then leads nowhere: it lies behind a cycle, not on one."""
        stack = list(nodes)
        while stack:
            node_id = stack.pop()
            if node_id not in left:
                continue
            left.discard(node_id)
            for source in sources[node_id]:
                successors[source].discard(node_id)
                if not successors[source]:
                    stack.append(source)

    drop([node_id for node_id in suspects if not successors[node_id]])
    for start in sorted(suspects, key=natural):
        if start not in left:
            continue
        path, seen = [start], {start: 0}
        while (following := min(successors[path[-1]], key=natural)) not in seen:
            seen[following] = len(path)
            path.append(following)
        cycle = [*path[seen[following] :], following]
        wiring.findings.append(_cycle(cycle))
        drop(cycle)


def _cycle(path: list[str]) -> Finding:
    shown = [node_id if is_identifier(node_id) else show(node_id) for node_id in path]
    if len(shown) > 12:
        shown = [*shown[:8], "...", *shown[-3:]]
    return Finding(
        "graph.cycle",
        f"The graph runs in a circle: {' -> '.join(shown)}.",
        "Delete one edge of the circle; a residual connection runs forward, from an earlier to a later node.",
        path[0],
    )


def check_reach(wiring: Wiring) -> None:
    """Report the nodes that no Input reaches and those that do not reach the Output."""
    inputs = [node.id for node in wiring.document.nodes if node.op == "Input"]
    outputs = [node.id for node in wiring.document.nodes if node.op == "Output"]
    forward = _walk(inputs, {n: [e.target for e in edges] for n, edges in wiring.outgoing.items()})
    backward = _walk(outputs, {n: [e.source for e in ports.values()] for n, ports in wiring.incoming.items()})
    for node_id, operator in wiring.operators.items():
        shown = show(node_id)
        # A node that hangs in the air itself was reported with its port already.
        if inputs and node_id not in forward and wiring.incoming[node_id]:
            wiring.findings.append(
                Finding(
                    "graph.unreachable",
                    f"No Input reaches node {shown}.",
                    "Connect an Input to the nodes before it, or delete it.",
                    node_id,
                )
            )
        alone = not wiring.incoming[node_id] and not wiring.outgoing[node_id] and operator.inputs
        if outputs and node_id not in backward and not alone and operator.outputs:
            wiring.findings.append(
                Finding(
                    "graph.dead_end",
                    f"Node {shown} does not reach the Output.",
                    "Connect it towards the Output, or delete it.",
                    node_id,
                )
            )


def _walk(starts: Iterable[str], neighbours: dict[str, list[str]]) -> set[str]:
    seen = set(starts)
    stack = list(seen)
    while stack:
        for neighbour in neighbours.get(stack.pop(), []):
            if neighbour not in seen:
                seen.add(neighbour)
                stack.append(neighbour)
    return seen
