"""Reads of runs that several callers need."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from cvstudio.runs.models import Run, RunEvent, RunState
from cvstudio.runs.states import ACTIVE


def runs_for(user: Any) -> QuerySet[Run]:
    """Runs that the user may see, with what a table shows, without the large fields."""
    return (
        Run.objects.visible_to(user)
        .select_related("owner", "dataset_version__dataset", "architecture_version__architecture")
        .defer("config", "result", "preflight")
    )


def events_after(run_id: UUID, seq: int, limit: int) -> list[RunEvent]:
    """The next events after number ``seq``, in order."""
    return list(RunEvent.objects.filter(run_id=run_id, seq__gt=seq).order_by("seq")[:limit])


def runs_ahead(run: Run) -> int:
    """How many runs in the same queue wait in front of this one."""
    return Run.objects.filter(queue=run.queue, state=RunState.QUEUED, created_at__lt=run.created_at).count()


def active_counts() -> dict[str, dict[str, int]]:
    """Waiting and working runs of each queue: ``{"train": {"queued": 3, "active": 1}}``."""
    counts: dict[str, dict[str, int]] = {}
    rows = Run.objects.filter(state__in=[RunState.QUEUED, *ACTIVE]).values_list("queue", "state").annotate(Count("id"))
    for queue, state, number in rows:
        kind = "queued" if state == RunState.QUEUED else "active"
        entry = counts.setdefault(queue, {"queued": 0, "active": 0})
        entry[kind] += number
    return counts
