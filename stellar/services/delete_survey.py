"""Delete a survey with its stars and predictions, and free its bytes."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from django.db import transaction
from django.db.models import Q

from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.control_run import control_run
from cvstudio.runs.states import ACTIVE
from stellar.errors import BusyError
from stellar.models import Download, Prediction, ScreeningDecision, Star, StarClassification, Survey, Training
from stellar.storage import is_upload, picture_folder, survey_home


def delete_survey(survey: Survey) -> int:
    """Delete a survey. Classifiers that were trained on it stay; a registered place itself stays as it is.

    Returns:
        Bytes that came back.

    Raises:
        BusyError: An import, a training, a prediction or a download is at work on it.
    """
    end_runs(runs_of(survey))
    folders = [survey_home(survey.id), picture_folder(survey.id)]
    origin = Path(survey.origin) if survey.origin else None
    if origin is not None and is_upload(origin):
        folders.append(origin)
    with transaction.atomic():
        Survey.objects.filter(id=survey.id).update(shown=None)
        ScreeningDecision.objects.filter(survey=survey).delete()
        # Without the collector of Django, which would load a hundred thousand rows to delete them.
        StarClassification.objects.filter(prediction__survey=survey)._raw_delete("default")
        Star.objects.filter(survey=survey)._raw_delete("default")
        survey.delete()
    return sum(remove_folder(folder) for folder in folders)


def runs_of(survey: Survey) -> list[Run]:
    """Runs that read or write the survey's folder (1 query)."""
    ids = [
        *Prediction.objects.filter(survey=survey).values_list("run_id", flat=True),
        *Download.objects.filter(survey=survey).values_list("run_id", flat=True),
        *Training.objects.filter(survey=survey).values_list("run_id", flat=True),
        survey.import_run_id,
    ]
    return list(Run.objects.filter(Q(id__in=[run_id for run_id in ids if run_id is not None])))


def end_runs(runs: list[Run]) -> None:
    """Stop what still waits.

    Raises:
        BusyError: One is at work.
    """
    for run in runs:
        ended = control_run(run, "stop") if run.state in (RunState.QUEUED, RunState.PAUSED) else run
        if ended.state in ACTIVE:
            raise BusyError("A run is at work on it.", where=str(run.id),
                            hint="Stop it, or wait until it has ended, then delete.")  # fmt: skip


def remove_folder(folder: Path) -> int:
    """Remove a folder; the new name makes it vanish at once, however long the removal takes."""
    trash = folder.with_name(f".deleted-{folder.name}")
    with contextlib.suppress(FileNotFoundError):  # never made, or taken by a second deletion at the same time
        folder.rename(trash)
        files = [path for path in trash.rglob("*") if path.is_file() and not path.is_symlink()]
        frees = sum(path.stat().st_size for path in files if path.stat().st_nlink == 1)
        shutil.rmtree(trash, ignore_errors=True)
        return frees
    return 0
