"""When the import of a survey has ended: take its stars into the database, or say why there are none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from cvstudio.runs.models import Run, RunState
from ml_core.errors import FormatError
from ml_core.stellar.survey import REPORT_FILE, open_survey
from stellar.models import Survey
from stellar.services.count_stars import count_stars
from stellar.services.star_rows import star_rows
from stellar.services.store_stars import store_stars
from stellar.storage import is_upload, survey_folder


def finish_import(run: Run) -> None:
    """Store the stars and make the survey ready. May be called again for the same run.

    Raises:
        FormatError: The survey folder is damaged.
    """
    survey = Survey.objects.filter(import_run=run).select_related("owner").first()
    if survey is None or survey.state == Survey.State.READY:
        return  # deleted meanwhile, or done by an earlier call
    folder = survey_folder(survey)
    report = read_report(survey)
    store_stars(survey, star_rows(survey.id, open_survey(folder)))
    count_stars(survey)
    survey.findings = [_short(entry) for entry in report.get("findings", [])]
    survey.size_bytes = _own_bytes(folder)
    origin = Path(survey.origin) if survey.origin else None
    is_done_with = origin is not None and is_upload(origin)
    survey.origin = "" if is_done_with else survey.origin
    survey.state, survey.fault = Survey.State.READY, {}
    survey.save()
    if origin is not None and is_done_with:
        shutil.rmtree(origin, ignore_errors=True)  # the files have done their service


def fail_import(run: Run) -> None:
    """Say on the survey why its import ended without one. Resuming the run may still bring it."""
    stopped = {
        "code": "import.stopped", "message": "The import was stopped.", "where": "",
        "hint": "Start it again, or delete the survey.",
    }  # fmt: skip
    fault = run.cause if run.state != RunState.STOPPED and run.cause else stopped
    waiting = Survey.objects.filter(import_run=run).exclude(state=Survey.State.READY)
    waiting.update(state=Survey.State.FAILED, fault=fault)


def read_report(survey: Survey) -> dict[str, Any]:
    """What the import found, as it wrote it.

    Raises:
        FormatError: ``survey.damaged``.
    """
    try:
        report: dict[str, Any] = json.loads((survey_folder(survey) / REPORT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError("The report of the survey cannot be read.", code="survey.damaged",
                          hint="Import the survey again.", where=REPORT_FILE) from error  # fmt: skip
    return report


def _short(finding: dict[str, Any]) -> dict[str, Any]:
    return {key: finding[key] for key in ("code", "severity", "count", "message", "names", "rows") if key in finding}


def _own_bytes(folder: Path) -> int:
    """Bytes that the survey takes; files that are linked to lie elsewhere."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
