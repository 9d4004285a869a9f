"""What clients of a run's socket are sent. Events are written as JSON once, however many sockets get them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from cvstudio.runs.models import Run, RunEvent


class Line(NamedTuple):
    """One event, ready to send.

    Attributes:
        seq: Its number.
        text: Its JSON.
        is_state: Whether it tells of a new state, after which clients want the run's summary.
    """

    seq: int
    text: str
    is_state: bool


def line_of(event: RunEvent) -> Line:
    """An event as clients see it: ``{"seq", "time", "kind", "data"}``."""
    body = {"seq": event.seq, "time": event.time.isoformat(), "kind": event.kind, "data": event.data}
    return Line(event.seq, json.dumps(body, ensure_ascii=False, separators=(",", ":")), event.kind == "state")


def events_frame(lines: Iterable[Line]) -> str:
    """``{"type": "events", "events": [...]}``."""
    return f'{{"type":"events","events":[{",".join(line.text for line in lines)}]}}'


def run_frame(run: Run) -> str:
    """``{"type": "run", "run": {...}}``."""
    return json.dumps({"type": "run", "run": run_summary(run)}, ensure_ascii=False, separators=(",", ":"))


def live_frame(seq: int) -> str:
    """``{"type": "live", "seq": n}``: everything up to here has been sent, what follows happens now."""
    return json.dumps({"type": "live", "seq": seq})


def run_summary(run: Run) -> dict[str, Any]:
    """What a page shows of a run besides its events."""
    return {
        "id": str(run.id),
        "name": run.name,
        "recipe": run.recipe,
        "queue": run.queue,
        "state": run.state,
        "cause_class": run.cause_class,
        "cause": run.cause,
        "command": run.command,
        "progress": run.progress,
        "summary": run.summary,
        "last_seq": run.last_seq,
        "attempts": run.attempts,
        "active_s": run.active_s,
        "created_at": run.created_at.isoformat(),
        "started_at": run.started_at.isoformat() if run.started_at else None,
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
    }
