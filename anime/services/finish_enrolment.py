"""When a character was added or removed: keep what was found out, and use the new version of the recogniser."""

from __future__ import annotations

import json
import shutil
from typing import Final

from anime.models import Collection, Enrolment, WorkState
from anime.services.index_collection import index_unasked
from anime.storage import enrolment_folder
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState
from cvstudio.weights.models import WeightVersion
from ml_core.errors import FormatError

REPORT_FILE: Final = "enrolment.json"


def finish_enrolment(run: Run) -> None:
    """Note the weight and the report. May be called again for the same run.

    Raises:
        FormatError: The run left no report that can be read.
    """
    row = Enrolment.objects.filter(run=run).exclude(state=WorkState.READY).first()
    if row is None:
        return  # deleted meanwhile, or done by an earlier call
    try:
        report = json.loads((run_folder(run.id) / "artifacts" / REPORT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError("What was found out cannot be read.", code="anime.enrolment_unreadable", where=REPORT_FILE,
                          hint="Add the character again.") from error  # fmt: skip
    row.report, row.weight = report, WeightVersion.objects.filter(run=run).first()
    row.state, row.fault = WorkState.READY, {}
    row.save()
    if row.collection is not None and row.weight is not None:
        used = Collection.objects.filter(id=row.collection.id, recogniser_id=row.recogniser_id)
        if used.update(recogniser=row.weight):
            index_unasked(row.collection)
    shutil.rmtree(enrolment_folder(row), ignore_errors=True)  # the recogniser remembers what it needs


def fail_enrolment(run: Run) -> None:
    """Say why a run ended without a new version. Resuming the run may still bring it."""
    stopped = {
        "code": "enrolment.stopped", "message": "The addition was stopped.", "hint": "Start it again.", "where": "",
    }  # fmt: skip
    fault = run.cause if run.state != RunState.STOPPED and run.cause else stopped
    Enrolment.objects.filter(run=run).exclude(state=WorkState.READY).update(state=WorkState.FAILED, fault=fault)
