"""Reads of runs that several callers need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.translation import gettext, ngettext

from cvstudio.runs.models import Run, RunEvent, RunState
from cvstudio.runs.states import ACTIVE

LEVELS = ("debug", "info", "warning", "error")
MAX_LOG_LINES = 1_000


def runs_for(user: Any) -> QuerySet[Run]:
    """Runs that the user may see, with what a table shows, without the large fields."""
    return (
        Run.objects.visible_to(user)
        .select_related("owner", "dataset_version__dataset", "architecture_version__architecture")
        .defer("config", "result", "preflight", "architecture_version__document")
    )


def run_details(user: Any) -> QuerySet[Run]:
    """Runs that the user may see, with everything that the page of one shows."""
    return runs_for(user).defer(None).select_related("parent").defer("architecture_version__document")


def events_after(run_id: UUID, seq: int, limit: int) -> list[RunEvent]:
    """The next events after number ``seq``, in order."""
    return list(RunEvent.objects.filter(run_id=run_id, seq__gt=seq).order_by("seq")[:limit])


@dataclass(frozen=True)
class LogWish:
    """Which lines of a log are wanted.

    Attributes:
        after: Lines with larger numbers, from the oldest on.
        before: Lines with smaller numbers, from the newest on; wins over ``after``.
        level: The least grave level.
        search: Text in the message, whatever the case.
        limit: How many lines at most.
    """

    after: int = 0
    before: int | None = None
    level: str = "debug"
    search: str = ""
    limit: int = 200


def log_lines(run: Run, wish: LogWish) -> list[RunEvent]:
    """Lines of the log, in the order of their numbers."""
    lines = RunEvent.objects.filter(run=run, kind="log")
    if wish.level in LEVELS[1:]:
        lines = lines.filter(data__level__in=LEVELS[LEVELS.index(wish.level) :])
    if wish.search:
        lines = lines.filter(data__message__icontains=wish.search)
    if wish.before is not None:
        return list(reversed(lines.filter(seq__lt=wish.before).order_by("-seq")[: wish.limit]))
    return list(lines.filter(seq__gt=wish.after).order_by("seq")[: wish.limit])


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


def explain_waiting(run: Run) -> str:
    """Why a queued run does not start yet, in one sentence; empty for other runs (2 queries)."""
    if run.state != RunState.QUEUED:
        return ""
    ahead = runs_ahead(run)
    active = Run.objects.filter(queue=run.queue, state__in=ACTIVE).count()
    if ahead:
        text = ngettext("Queued behind %(n)d run.", "Queued behind %(n)d runs.", ahead)
        return text % {"n": ahead}
    if active:
        text = ngettext(
            "Next in the queue; the worker is busy with %(n)d run.",
            "Next in the queue; the workers are busy with %(n)d runs.",
            active,
        )
        return text % {"n": active}
    return gettext("Next in the queue; a worker takes it in a moment, or none is running.")
