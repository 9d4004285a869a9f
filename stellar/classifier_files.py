"""Files that a training left: the report in the weight folder, the table of answers with its run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cvstudio.runs.folders import run_folder
from cvstudio.weights.models import WeightVersion
from ml_core.errors import CodedError
from stellar.services.read_report import classifier_report

ANSWERS_FILE = "artifacts/predictions.csv"


def read_report(version: WeightVersion) -> dict[str, Any]:
    """The report of the scores; empty where the training left none that can be read."""
    try:
        return classifier_report(version, None)
    except CodedError:
        return {}


def answers_file(version: WeightVersion) -> Path | None:
    """The answers to the stars that were held back; None where the run is gone."""
    path = run_folder(version.run_id) / ANSWERS_FILE if version.run_id else None
    return path if path is not None and path.is_file() else None
