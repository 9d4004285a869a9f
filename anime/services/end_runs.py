"""End the runs of things that are about to go."""

from __future__ import annotations

from collections.abc import Iterable

from anime.errors import BusyError
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.control_run import control_run
from cvstudio.runs.states import ACTIVE


def end_runs(runs: Iterable[Run | None]) -> None:
    """Stop what still waits.

    Raises:
        BusyError: One is at work.
    """
    for run in runs:
        if run is None:
            continue
        ended = control_run(run, "stop") if run.state in (RunState.QUEUED, RunState.PAUSED) else run
        if ended.state in ACTIVE:
            raise BusyError("A run is at work on it.", where=str(run.id),
                            hint="Stop it, or wait until it has ended, then delete.")  # fmt: skip
