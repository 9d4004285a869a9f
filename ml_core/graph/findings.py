"""A finding: one fault of a graph, on its node and port, with the cure beside it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or probably not meant, in a graph document.

    Attributes:
        code: Stable name such as ``graph.cycle``.
        message: One sentence that says what is wrong, with the shapes or values involved.
        hint: One sentence that says how to cure it.
        node: Id of the node it concerns; empty when it concerns the whole document.
        port: Port of that node; empty when it concerns the whole node.
        param: Parameter of that node it concerns; empty otherwise.
        severity: ``error`` stops code generation, ``warning`` does not.
    """

    code: str
    message: str
    hint: str = ""
    node: str = ""
    port: str = ""
    severity: Severity = "error"
    param: str = ""

    def as_dict(self) -> dict[str, str]:
        """Plain JSON for the API and the editor."""
        return asdict(self)


def structure_fault(message: str, hint: str, node: str = "") -> Finding:
    """A fault of the document's form, before anything is known about its meaning."""
    return Finding("graph.structure", message, hint, node)


def show(value: object) -> str:
    """A short, printable rendering of anything, for messages."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
