"""The node of a graph behind a failing call of its generated code."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ml_core.graph.codegen import model_code
from ml_core.graph.inference import infer

_LAYER = re.compile(r"self\.([A-Za-z_]\w*)\(")


@dataclass(frozen=True, slots=True)
class Blame:
    """A node, and what it expects.

    Attributes:
        node: Its id.
        op: Its operator.
        line: Line of ``model.py``.
        expected: Shapes at its input ports as they were drawn, ``N`` for the batch.
    """

    node: str
    op: str
    line: int
    expected: list[str]


def blame(document: object, code: str, calls: Sequence[Mapping[str, Any]]) -> Blame | None:
    """Find the node behind the innermost of the calls that a node stands behind.

    Args:
        document: The graph.
        code: The ``model.py`` that ran. Where it is not what the graph gives now, nobody is blamed.
        calls: As `ml_core.run.place.place_of` tells them, the outermost first.

    Raises:
        GraphError: The graph has faults.
    """
    written = model_code(document)
    if written.text != code:
        return None
    inference = infer(document)
    assert inference.wiring is not None
    for call in reversed(calls):
        nodes = written.lines.get(call["line"])
        if nodes:
            node = _among(nodes, call["text"])
            operator = inference.wiring.operators[node]
            arriving = inference.inputs.get(node)
            expected = [str(tensor) for tensor in arriving.all] if arriving else []
            return Blame(node, operator.name, call["line"], expected)
    return None


def _among(nodes: tuple[str, ...], text: str) -> str:
    """Which of the nested calls of a line it was: a layer by its name, another operation by how deep it nests."""
    layer = _LAYER.match(text)
    if layer and layer[1] in nodes:
        return layer[1]
    return nodes[min(max(_depth(text), 1), len(nodes)) - 1]


def _depth(text: str) -> int:
    """How many operations stand within each other along the first operand."""
    try:
        node: ast.AST = ast.parse(text, mode="eval").body
    except SyntaxError:
        return 1
    depth = 0
    while (inner := _first_operand(node)) is not None:
        depth, node = depth + 1, inner
    return depth


def _first_operand(node: ast.AST) -> ast.AST | None:
    """What an operation is applied to; None for what is no operation."""
    if isinstance(node, ast.BinOp):
        return node.left
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
        return node.func.value  # a method of what another call gave
    return node.args[0] if node.args else node.func
