"""Pause, resume, stop and retry a chain as a whole."""

from __future__ import annotations

from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.control_run import control_run
from cvstudio.runs.states import ACTIVE, RESUMABLE
from hsi.errors import BusyError, SceneError
from hsi.models import AnomalyMap, Pipeline
from hsi.selectors import runs_of_pipeline
from hsi.services.advance_pipeline import begin_next

ACTIONS = ("pause", "resume", "stop", "retry")


def control_pipeline(pipeline: Pipeline, action: str) -> None:
    """Ask the runs of the current stage for something.

    ``resume`` and ``retry`` send back what was paused, stopped or failed, and begin a stage that could not begin.

    Raises:
        SceneError: There is no such action.
        BusyError: Nothing is there to be asked.
        RunConflictError: A run is in a state in which this makes no sense.
        CodedError: The next stage still cannot begin.
    """
    if action not in ACTIONS:
        raise SceneError(f'"{action[:40]}" is not an action.', code="hsi.action", where="action",
                         hint=f"One of: {', '.join(ACTIONS)}.")  # fmt: skip
    if action in ("pause", "stop"):
        chosen = [run for run in all_runs(pipeline) if run.state in _may(action)]
        _require(chosen, f"Nothing of this chain can {action} now.")
        for run in chosen:
            control_run(run, action)
        return
    chosen = [run for run in all_runs(pipeline) if run.state in RESUMABLE]
    for run in chosen:
        control_run(run, "resume")
    if chosen:
        _await_again(pipeline, chosen)
    else:
        begin_next(pipeline)


def all_runs(pipeline: Pipeline) -> list[Run]:
    """Runs of stages and of maps (2 queries)."""
    stages = Run.objects.filter(id__in=[run.id for run in runs_of_pipeline(pipeline)])
    maps = Run.objects.filter(id__in=AnomalyMap.objects.filter(pipeline=pipeline, run__isnull=False).values("run_id"))
    return [*stages, *maps]


def _may(action: str) -> frozenset[str]:
    waiting = {RunState.QUEUED, RunState.STARTING, RunState.RUNNING}
    return frozenset(waiting if action == "pause" else {*waiting, RunState.PAUSED, *ACTIVE})


def _require(chosen: list[Run], message: str) -> None:
    if not chosen:
        raise BusyError(message, code="hsi.nothing_to_do", hint="Look at the state of its stages.")


def _await_again(pipeline: Pipeline, runs: list[Run]) -> None:
    """Maps whose run goes on are awaited again."""
    failed = AnomalyMap.objects.filter(pipeline=pipeline, run__in=runs, state=AnomalyMap.State.FAILED)
    failed.update(state=AnomalyMap.State.WAITING, fault={})
