"""Pause, resume, stop, and checkpoint on request, from any state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from django.db import transaction
from django.db.models import F

from cvstudio.runs.errors import RunConflictError
from cvstudio.runs.hooks import run_ended
from cvstudio.runs.models import CauseClass, Run, RunState
from cvstudio.runs.services.append_events import NewEvent, write_guarded
from cvstudio.runs.services.check_quota import check_quota
from cvstudio.runs.services.enqueue_run import enqueue_run
from cvstudio.runs.services.transition import Cause, transition
from cvstudio.runs.states import RESUMABLE
from ml_core.errors import CodedError

Action = Literal["pause", "resume", "stop", "checkpoint"]
ACTIONS: tuple[Action, ...] = get_args(Action)

_WITHOUT_WORKER = (RunState.QUEUED, RunState.PAUSED, RunState.LOST)
_BY_USER = Cause(CauseClass.USER)


def control_run(run: Run, action: str) -> Run:
    """Ask a run for something. What is asked for already, or is so already, is no fault.

    Where no worker holds the run the change is immediate; otherwise the request is stored and the supervisor
    passes it on within a quarter of a second.

    Args:
        run: As the user saw it; its state is read anew.
        action: ``pause``, ``resume``, ``stop`` or ``checkpoint``.

    Returns:
        The run as it now is.

    Raises:
        CodedError: The action is unknown.
        RunConflictError: The run is in a state in which this makes no sense; the hint says what does.
        QuotaError: A resumed run would be one too many in the queue.
    """
    handler = _HANDLERS.get(action)
    if handler is None:
        raise CodedError(
            f'"{action}" is not an action.', code="run.action", hint=f"One of: {', '.join(ACTIONS)}.", where="action"
        )
    for _ in range(3):  # the run may move between reading its state and acting on it
        run = Run.objects.get(id=run.id)
        try:
            return handler(run)
        except RunConflictError as error:
            if error.code != "run.state":
                raise
    raise RunConflictError("The run is changing its state right now.", hint="Try again in a moment.")


def _pause(run: Run) -> Run:
    if run.state in (RunState.PAUSING, RunState.PAUSED):
        return run
    if run.state == RunState.QUEUED:
        return transition(run.id, RunState.PAUSED, only_from=[RunState.QUEUED], cause=_BY_USER)
    if run.state in (RunState.STARTING, RunState.RUNNING):
        return _ask(run, RunState.PAUSING, "pause")
    raise _refusal(run, "paused")


def _stop(run: Run) -> Run:
    if run.state in (RunState.STOPPING, RunState.STOPPED):
        return run
    if run.state in _WITHOUT_WORKER:
        with transaction.atomic():
            stopped = transition(run.id, RunState.STOPPED, only_from=_WITHOUT_WORKER, cause=_BY_USER)
            run_ended(stopped)
        return stopped
    if run.state in (RunState.STARTING, RunState.RUNNING, RunState.PAUSING):
        return _ask(run, RunState.STOPPING, "stop")
    raise _refusal(run, "stopped")


def _resume(run: Run) -> Run:
    if run.state in (RunState.QUEUED, RunState.STARTING, RunState.RUNNING):
        return run
    if run.state not in RESUMABLE:
        raise _refusal(run, "resumed")
    with transaction.atomic():
        check_quota(run.owner)
        queued = transition(run.id, RunState.QUEUED, only_from=RESUMABLE, attempts=0)
        transaction.on_commit(lambda: enqueue_run(run.id, run.queue))
    return queued


def _checkpoint(run: Run) -> Run:
    if run.state not in (RunState.STARTING, RunState.RUNNING):
        raise _refusal(run, "asked for a checkpoint")
    event = NewEvent("log", {"level": "info", "message": "A checkpoint was asked for."})
    guard = {"state": run.state, "fence": run.fence}
    changes = {"command": "checkpoint", "command_id": F("command_id") + 1}
    if write_guarded(run.id, guard, changes, [event]) is None:
        raise RunConflictError("The run has just changed its state.", code="run.state")
    return Run.objects.get(id=run.id)


def _ask(run: Run, target: RunState, command: str) -> Run:
    return transition(
        run.id,
        target,
        only_from=[RunState(run.state)],
        cause=_BY_USER,
        command=command,
        command_id=F("command_id") + 1,
    )


def _refusal(run: Run, wish: str) -> RunConflictError:
    state = RunState(run.state)
    hints = {
        RunState.PAUSING: "Wait until it has paused.",
        RunState.STOPPING: "Wait until it has stopped.",
        RunState.COMPLETED: "Clone it to run it once more.",
        RunState.QUEUED: "Wait until a worker has taken it.",
    }
    return RunConflictError(
        f"A run that is {state.value} cannot be {wish}.",
        code=f"run.{state.value}",
        hint=hints.get(state, "Resume it, or clone it with other values."),
        where=str(run.id),
    )


_HANDLERS: dict[str, Callable[[Run], Run]] = {
    "pause": _pause,
    "resume": _resume,
    "stop": _stop,
    "checkpoint": _checkpoint,
}
