"""Frees the checkpoints of a run that needs them no more."""

from __future__ import annotations

import shutil

from django.utils import timezone

from cvstudio.runs.errors import RunConflictError
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState


def drop_checkpoints(run: Run) -> int:
    """Remove all checkpoints of a completed run; its weight and its record stay. Returns how many there were.

    Raises:
        RunConflictError: It is not completed: resuming would need them.
    """
    if not Run.objects.filter(id=run.id, state=RunState.COMPLETED).exists():
        raise RunConflictError("The run is not completed and may need its checkpoints.", code="run.not_completed",
                               hint="Delete the run instead.", where=str(run.id))  # fmt: skip
    dropped = run.checkpoints.filter(deleted_at=None).update(deleted_at=timezone.now())
    shutil.rmtree(run_folder(run.id) / "checkpoints", ignore_errors=True)
    return dropped
