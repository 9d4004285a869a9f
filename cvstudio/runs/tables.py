"""The JSON documents among the artifacts of a run."""

from __future__ import annotations

import json
from typing import Any

from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Artifact


def read_table(artifact: Artifact, most_bytes: int) -> dict[str, Any] | None:
    """What the recipe wrote; None where it is too large, gone, no JSON object, or outside the folder of the run."""
    if artifact.size_bytes > most_bytes:
        return None
    folder = run_folder(artifact.run_id).resolve()
    path = (folder / artifact.path).resolve()
    if not path.is_relative_to(folder):
        return None
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # the row outlives the file
    return table if isinstance(table, dict) else None
