"""The exported package: model, training and prediction scripts that need nothing of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_core.graph.codegen import model_code


def generate(document: object, settings: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Write the package of a graph.

    Raises:
        GraphError: The graph has faults, or a setting is missing or out of bounds.
    """
    return {"model.py": model_code(document).text}
