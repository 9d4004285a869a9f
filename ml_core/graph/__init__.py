"""Model graphs: one document gives validation, shapes, cost and PyTorch code. Never imports torch."""

from __future__ import annotations

from typing import Any

from ml_core.graph.analysis import Analysis, EdgeShape, NodeCost, Totals, analyze
from ml_core.graph.codegen import source_map
from ml_core.graph.document import FORMAT, MAX_NODES, Document, canonical, fingerprint
from ml_core.graph.findings import Finding
from ml_core.graph.measure import MAX_BYTES
from ml_core.graph.operators import OPERATORS
from ml_core.graph.package import generate, manifest_csv
from ml_core.graph.settings import PackageSettings
from ml_core.graph.starters import templates
from ml_core.graph.validate import validate

__all__ = [
    "FORMAT",
    "MAX_BYTES",
    "MAX_NODES",
    "Analysis",
    "Document",
    "EdgeShape",
    "Finding",
    "NodeCost",
    "PackageSettings",
    "Totals",
    "analyze",
    "canonical",
    "fingerprint",
    "generate",
    "manifest_csv",
    "operators",
    "source_map",
    "templates",
    "validate",
]


def operators() -> list[dict[str, Any]]:
    """The catalogue for the editor's palette: every operator with ports, parameters, bounds and defaults."""
    return [operator.catalogue_entry() for operator in OPERATORS.values()]
