"""Appends numbered events to a run. The one place where event numbers are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from cvstudio.runs.errors import FenceLostError
from cvstudio.runs.live.publish import publish
from cvstudio.runs.models import Run, RunEvent


@dataclass(frozen=True)
class NewEvent:
    """An event that has no number yet."""

    kind: str
    data: dict[str, Any]
    time: datetime = field(default_factory=timezone.now)


@dataclass(frozen=True)
class SourcePosition:
    """Where in ``events.jsonl`` a batch begins and ends, so that no line is stored twice or skipped."""

    old_seq: int
    new_seq: int
    new_offset: int


def append_events(
    run_id: UUID,
    events: Sequence[NewEvent],
    *,
    fence: int | None = None,
    source: SourcePosition | None = None,
    changes: Mapping[str, Any] | None = None,
) -> int:
    """Store events under the next numbers of the run, and change fields of the run with them.

    Args:
        run_id: The run; it must exist.
        events: In order.
        fence: The claim under which a worker writes; ``None`` for writers that hold no claim.
        source: Set when the events come from the run's ``events.jsonl``.
        changes: Fields of the run that follow from the events.

    Returns:
        The number of the last event.

    Raises:
        FenceLostError: The claim is over, or somebody else has stored these lines.
    """
    guard: dict[str, Any] = {}
    new = dict(changes or {})
    if fence is not None:
        guard["fence"] = fence
    if source is not None:
        guard["source_seq"] = source.old_seq
        new |= {"source_seq": source.new_seq, "source_offset": source.new_offset}
    last = write_guarded(run_id, guard, new, events)
    if last is None:
        raise FenceLostError("Another worker has taken over this run.", where=str(run_id))
    return last


def write_guarded(
    run_id: UUID, guard: Mapping[str, Any], changes: Mapping[str, Any], events: Sequence[NewEvent]
) -> int | None:
    """Compare and swap: change the run and append events if, and only if, the run still matches ``guard``.

    The update comes first, so that the row (the database, in SQLite) is locked while the numbers are given:
    numbers become visible in order, without a gap.

    Returns:
        The number of the last event; ``None``, with nothing written, when the run does not match.
    """
    with transaction.atomic():
        matched = Run.objects.filter(id=run_id, **guard).update(
            last_seq=F("last_seq") + len(events), updated_at=timezone.now(), **changes
        )
        if not matched:
            return None
        last = Run.objects.values_list("last_seq", flat=True).get(id=run_id)
        if events:
            first = last - len(events) + 1
            rows = [
                RunEvent(run_id=run_id, seq=first + index, time=event.time, kind=event.kind, data=event.data)
                for index, event in enumerate(events)
            ]
            RunEvent.objects.bulk_create(rows, batch_size=500)
            transaction.on_commit(lambda: publish(run_id, rows))
    return int(last)
