"""Deletes a run with its events, checkpoints and files."""

from __future__ import annotations

import shutil

from django.db import transaction
from django.db.models import ProtectedError

from cvstudio.runs.errors import RunConflictError
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run
from cvstudio.runs.states import ACTIVE


def delete_run(run: Run) -> None:
    """Remove a run that no worker holds.

    The rows go first: files without a row can be swept up, a row without files is a broken page.

    Raises:
        RunConflictError: A worker holds the run, or something that people keep was made by it.
    """
    idle = Run.objects.filter(id=run.id).exclude(state__in=ACTIVE)
    try:
        with transaction.atomic():
            deleted, _ = idle.delete()
    except ProtectedError as error:
        kinds = sorted({type(thing)._meta.verbose_name or "" for thing in error.protected_objects})
        raise RunConflictError(
            f"The run is still needed: {len(error.protected_objects)} {', '.join(map(str, kinds))} came from it.",
            code="run.in_use",
            hint="Delete these first.",
            where=str(run.id),
        ) from error
    if not deleted:
        raise RunConflictError(
            "The run is at work.", code="run.active", hint="Stop it first, then delete it.", where=str(run.id)
        )
    shutil.rmtree(run_folder(run.id), ignore_errors=True)
