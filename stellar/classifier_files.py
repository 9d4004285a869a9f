"""Files that a training left: the report in the weight folder, the table of answers with its run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cvstudio.runs.folders import run_folder
from cvstudio.weights.errors import FilesMissingError
from cvstudio.weights.library import folder_of
from cvstudio.weights.models import WeightVersion

REPORT_FILE = "report.json"
ANSWERS_FILE = "artifacts/predictions.csv"


def read_report(version: WeightVersion) -> dict[str, Any]:
    """The report of the scores; empty where the weight brought none that can be read."""
    try:
        found: Any = json.loads((folder_of(version) / REPORT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, FilesMissingError):
        return {}
    return found if isinstance(found, dict) else {}


def answers_file(version: WeightVersion) -> Path | None:
    """The answers to the stars that were held back; None where the run is gone."""
    path = run_folder(version.run_id) / ANSWERS_FILE if version.run_id else None
    return path if path is not None and path.is_file() else None
