"""The states of a run and the only transitions between them."""

from __future__ import annotations

from collections.abc import Mapping

from cvstudio.runs.errors import IllegalTransitionError
from cvstudio.runs.models import RunState as S

TRANSITIONS: Mapping[S, frozenset[S]] = {
    # A queued run can fail without a worker: when it was lost too often.
    S.QUEUED: frozenset({S.STARTING, S.PAUSED, S.STOPPED, S.FAILED}),
    # Back to queued: the worker is shutting down and hands the run on.
    S.STARTING: frozenset({S.RUNNING, S.PAUSING, S.STOPPING, S.QUEUED, S.FAILED, S.LOST}),
    S.RUNNING: frozenset({S.PAUSING, S.STOPPING, S.QUEUED, S.COMPLETED, S.FAILED, S.LOST}),
    # What was asked for and what happened first may differ: a run may complete while it is asked to pause.
    S.PAUSING: frozenset({S.PAUSED, S.STOPPING, S.COMPLETED, S.FAILED, S.LOST}),
    S.STOPPING: frozenset({S.STOPPED, S.COMPLETED, S.FAILED, S.LOST}),
    S.PAUSED: frozenset({S.QUEUED, S.STOPPED}),
    S.STOPPED: frozenset({S.QUEUED}),
    S.FAILED: frozenset({S.QUEUED}),
    # Passed through when a worker is lost; the end when that happened too often.
    S.LOST: frozenset({S.QUEUED, S.PAUSED, S.STOPPED}),
    S.COMPLETED: frozenset(),
}

ACTIVE = frozenset({S.STARTING, S.RUNNING, S.PAUSING, S.STOPPING})
"""A worker holds the run."""

ENDED = frozenset({S.COMPLETED, S.FAILED, S.STOPPED})
"""Nothing more happens unless the user asks."""

RESUMABLE = frozenset({S.PAUSED, S.STOPPED, S.FAILED, S.LOST})
"""A user may send the run back to the queue."""


def check(source: str, target: str) -> None:
    """Let a listed transition pass.

    Raises:
        IllegalTransitionError: The table does not list it.
    """
    if S(target) not in TRANSITIONS[S(source)]:
        raise IllegalTransitionError(f"A run cannot go from {source} to {target}.", where=source)


def sources_of(target: str) -> frozenset[S]:
    """The states from which ``target`` may be reached."""
    return frozenset(source for source, targets in TRANSITIONS.items() if S(target) in targets)
