"""What a training found out about the model that it left."""

from __future__ import annotations

import json
from typing import Any, Final

from anime.selectors import STUDENT
from cvstudio.runs.folders import run_folder
from cvstudio.weights.models import WeightVersion

REPORT_FILE: Final = "report.json"
COMPARE_FILE: Final = "compare.json"
_MOST_BYTES: Final = 64 << 20


def report_of(version: WeightVersion) -> dict[str, Any]:
    """The report of a recogniser or generator; empty for one that was uploaded, or whose run is gone."""
    if version.weight.task == STUDENT:
        return _read(version, COMPARE_FILE) or _read(version, REPORT_FILE)
    return _read(version, REPORT_FILE)


def comparison_of(version: WeightVersion) -> dict[str, Any]:
    """Teacher, student and the student alone, as the training of a small recogniser compared them; else empty."""
    return report_of(version) if version.weight.task == STUDENT else {}


def _read(version: WeightVersion, name: str) -> dict[str, Any]:
    if version.run_id is None:
        return {}
    path = run_folder(version.run_id) / "artifacts" / name
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.stat().st_size <= _MOST_BYTES else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
