"""How good a classifier is, as its training judged it."""

from __future__ import annotations

import json
from typing import Any

from cvstudio.runs.folders import run_folder
from cvstudio.weights import library
from cvstudio.weights.models import WeightVersion
from stellar.errors import NotFoundError
from stellar.models import Star, Survey

REPORT_FILE = "report.json"


def classifier_report(version: WeightVersion, survey: Survey | None) -> dict[str, Any]:
    """The report, its worst cases with the ids of their stars (null where the survey has them no more).

    Raises:
        FilesMissingError: The files of the weight are gone.
        NotFoundError: The training left no report that can be read.
    """
    places = [library.folder_of(version) / REPORT_FILE]
    if version.run_id is not None:
        places.append(run_folder(version.run_id) / "artifacts" / REPORT_FILE)
    for path in places:
        try:
            report: Any = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(report, dict):
            return {**report, "worst": _with_ids(report.get("worst") or [], survey)}
    raise NotFoundError("There is no report of this classifier.", hint="Train again to get one.", where=REPORT_FILE)


def _with_ids(worst: list[dict[str, Any]], survey: Survey | None) -> list[dict[str, Any]]:
    names = [str(row.get("name", "")) for row in worst]
    rows = Star.objects.filter(survey=survey, name__in=names).values_list("name", "id") if survey is not None else ()
    ids = {name: str(pk) for name, pk in rows}
    return [{**row, "star": ids.get(str(row.get("name", "")))} for row in worst]
