"""Put the import of a survey into the queue."""

from __future__ import annotations

import shutil

from django.db import transaction

from cvstudio.runs.models import RunState
from cvstudio.runs.services.create_run import create_run
from cvstudio.runs.states import ACTIVE
from stellar.errors import BusyError, StellarError
from stellar.models import Survey
from stellar.storage import survey_folder

RECIPE = "stellar.import"


def start_import(survey: Survey) -> Survey:
    """Create the run that imports a survey as its choice says; also the way to try again after a failure.

    Raises:
        StellarError: The survey is ready.
        ConfigError: A choice is out of bounds.
        BusyError: The import is at work, or somebody else has begun it meanwhile.
        QuotaError: Too many runs of this person wait already.
    """
    if survey.state == Survey.State.READY:
        raise StellarError("This survey is imported already.", code="stellar.imported",
                           hint="Bring the files again to make another survey.")  # fmt: skip
    run = survey.import_run
    if run is not None and run.state in (RunState.QUEUED, RunState.PAUSED, *ACTIVE):
        raise BusyError("This import is still going on.", hint="Wait for it, or stop it first.", where=str(run.id))
    folder, before = survey_folder(survey), survey.import_run_id
    with transaction.atomic():
        config = {**survey.choice, "target": str(folder)}
        run = create_run(owner=survey.owner, recipe=RECIPE, config=config, name=f"Import {survey.name}"[:200])
        if not Survey.objects.filter(id=survey.id, import_run=before).update(import_run=run):
            raise BusyError("This import has just begun.", hint="Wait for it, or stop it first.", where=str(survey.id))
        shutil.rmtree(folder, ignore_errors=True)  # of an import whose end could not be recorded
        folder.parent.mkdir(parents=True, exist_ok=True)
        survey.import_run, survey.state, survey.fault = run, Survey.State.IMPORTING, {}
        survey.save(update_fields=["import_run", "state", "fault", "updated_at"])
    return survey
