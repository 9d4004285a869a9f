"""Finds every fault of a graph at once, each on its node and port, with the cure."""

from __future__ import annotations

from ml_core.graph.findings import Finding
from ml_core.graph.inference import infer


def validate(document: object) -> list[Finding]:
    """Check a document completely.

    Args:
        document: A mapping, JSON text or `Document`; hostile input gives findings, never an exception.

    Returns:
        All faults and warnings; empty when the graph can be generated and trained.
    """
    return infer(document).findings
