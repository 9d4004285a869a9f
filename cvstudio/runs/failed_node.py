"""The node of the graph in whose code a run failed, for the page of the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run
from ml_core.errors import CodedError
from ml_core.graph.blame import blame
from ml_core.run.directory import RunDirectory

MAX_CODE_BYTES = 2 * 2**20


@dataclass(frozen=True)
class FailedNode:
    """Where a run failed.

    Attributes:
        node: Id of the node.
        op: Its operator.
        line: Line of the generated ``model.py``.
        text: The call on that line.
        reason: The first line of the error.
        got: Shapes that arrived, empty when they are not known.
        expected: Shapes that the graph says, ``N`` for the batch.
        url: The editor with this node chosen; empty when the graph is not in the library.
    """

    node: str
    op: str
    line: int
    text: str
    reason: str
    got: list[str]
    expected: list[str]
    url: str


def failed_node_of(run: Run) -> FailedNode | None:
    """Return the node behind the failure, or None when the run failed elsewhere or left nothing to tell by."""
    graph = run.config.get("graph")
    directory = RunDirectory(run_folder(run.id))
    try:
        place = (directory.read_result() or {}).get("place")
        if not place or not isinstance(graph, dict):
            return None
        code = directory.code / place["calls"][-1]["file"]
        if not code.resolve().is_relative_to(directory.code.resolve()) or code.stat().st_size > MAX_CODE_BYTES:
            return None
        found = blame(graph, code.read_text(encoding="utf-8"), place["calls"])
    except (OSError, ValueError, LookupError, TypeError, CodedError):
        return None  # what lies in the folder of a run may be damaged; the page shows what is left
    if found is None:
        return None
    call = next(call for call in reversed(place["calls"]) if call["line"] == found.line)
    return FailedNode(
        found.node,
        found.op,
        found.line,
        call["text"],
        place["reason"],
        [_shape(array["shape"]) for array in call["got"]],
        found.expected,
        _editor(run, found.node),
    )


def _shape(sizes: Sequence[Any]) -> str:
    return f"({', '.join(map(str, sizes))})"


def _editor(run: Run, node: str) -> str:
    version = run.architecture_version
    if version is None:
        return ""
    return f"/architectures/{version.architecture_id}?{urlencode({'version': version.number, 'node': node})}"
