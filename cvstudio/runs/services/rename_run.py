"""Gives a run another name or notes."""

from __future__ import annotations

from django.utils import timezone

from cvstudio.runs.models import Run


def rename_run(run: Run, *, name: str | None = None, notes: str | None = None) -> None:
    """Set what is given. Nothing else of the row is written: a worker may be changing it."""
    changes = {key: value for key, value in (("name", name), ("notes", notes)) if value is not None}
    if changes:
        Run.objects.filter(id=run.id).update(**changes, updated_at=timezone.now())
