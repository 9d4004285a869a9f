"""Read a document that somebody sent and find out what it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cvstudio.architectures.miniature import miniature
from ml_core.graph import Analysis, analyze, fingerprint
from ml_core.graph.document import sound


@dataclass(frozen=True, slots=True)
class CheckedDocument:
    """A document of sound structure. It may still be invalid: it can be kept, but not trained with.

    Attributes:
        document: Plain JSON in canonical order.
        fingerprint: ``sha256:`` of its canonical text.
        valid: Whether code can be generated from it.
        facts: What lists show without reading the document.
    """

    document: dict[str, Any]
    fingerprint: str
    valid: bool
    facts: dict[str, Any]


def check_document(raw: object) -> CheckedDocument:
    """Check structure and size, then analyse.

    Raises:
        GraphError: The structure is broken or too large; nothing of it can be kept.
    """
    document = sound(raw)
    analysis = analyze(document)
    errors = sum(finding.severity == "error" for finding in analysis.findings)
    facts = {**_cost(analysis), "errors": errors, "warnings": len(analysis.findings) - errors}
    facts |= {"nodes": len(document.nodes), "edges": len(document.edges), "miniature": miniature(document)}
    return CheckedDocument(document.as_dict(), fingerprint(document), errors == 0, facts)


def _cost(analysis: Analysis) -> dict[str, Any]:
    totals = analysis.totals
    return {
        "params": totals.params,
        "trainable": totals.trainable,
        "macs": totals.macs,
        "flops": totals.flops,
        "activation_bytes": totals.activation_bytes,
        "input_shapes": analysis.input_shapes,
        "output_shape": analysis.output_shape,
        "not_counted": analysis.not_counted,
    }
