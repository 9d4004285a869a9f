"""Decides what the end of a trainer means: from its exit code, its result, and what was asked for."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass, field
from typing import Any

from cvstudio.runs.models import CauseClass, RunState
from cvstudio.runs.services.transition import NO_CAUSE, Cause

COMPLETED, FAILED, USAGE, PAUSED = range(4)
_OUT_OF_TIME = Cause(
    CauseClass.CONFIG,
    "run.time_limit",
    "The run has worked as long as one run may at a time.",
    "Resume it: it goes on from its last checkpoint with as much time again.",
)
_AS_ASKED = {RunState.PAUSING: RunState.PAUSED, RunState.STOPPING: RunState.STOPPED}


@dataclass(frozen=True)
class TrainerEnd:
    """How a trainer ended.

    Attributes:
        code: Exit code; negative when a signal ended it.
        result: The content of ``result.json``; empty when it wrote none.
        last_words: The end of its standard error.
        for_memory: Whether memory may have been the reason for a kill.
        exceeded: Whether it was ended for using more memory than one run may.
        out_of_time: Whether it was asked to end because one claim may not take longer.
    """

    code: int
    result: dict[str, Any] = field(default_factory=dict)
    last_words: str = ""
    for_memory: bool = False
    exceeded: bool = False
    out_of_time: bool = False


@dataclass(frozen=True)
class Outcome:
    """Where the run goes. ``again`` asks for another trainer in the same claim, as long as attempts are left."""

    state: RunState
    cause: Cause = NO_CAUSE
    again: bool = False


def judge(end: TrainerEnd, state: str, *, shutting_down: bool) -> Outcome:
    """What becomes of the run.

    Args:
        end: How the trainer ended.
        state: The state of the run when it did; tells what the user asked for.
        shutting_down: Whether this worker ends and hands its runs on.
    """
    asked = _AS_ASKED.get(RunState(state))
    if end.code == COMPLETED:
        return Outcome(RunState.COMPLETED)
    if end.code == FAILED:
        return Outcome(RunState.FAILED, _told_cause(end))
    if end.code == USAGE:
        return _refused(end)
    if asked is not None:  # whatever came of it: the last checkpoint holds
        return Outcome(asked, Cause(CauseClass.USER))
    if end.out_of_time:
        return Outcome(RunState.FAILED, _OUT_OF_TIME)
    if shutting_down:
        return Outcome(RunState.QUEUED)
    if end.code == PAUSED:  # somebody sent it a signal
        return Outcome(RunState.FAILED, _killed_cause(end), again=True)
    return Outcome(RunState.FAILED, _killed_cause(end), again=not end.exceeded)


def settle(wanted: RunState, state: str) -> RunState:
    """The state to record: a request that came since the trainer ended is answered too."""
    asked = _AS_ASKED.get(RunState(state))
    return asked if asked and wanted not in (RunState.COMPLETED, RunState.FAILED) else wanted


def _told_cause(end: TrainerEnd) -> Cause:
    error = end.result.get("error") or {}
    kind = end.result.get("cause") or CauseClass.CODE
    return Cause(
        CauseClass(kind) if kind in CauseClass.values else CauseClass.CODE,
        error.get("code") or "trainer.failed",
        error.get("message") or "The trainer ended with a failure and gave no reason.",
        error.get("hint") or "Read the last lines of the log.",
        error.get("where") or "",
    )


def _refused(end: TrainerEnd) -> Outcome:
    """Exit code 2: the last line of standard error is the error as JSON."""
    try:
        error = json.loads(end.last_words.strip().splitlines()[-1])["error"]
        cause = Cause(CauseClass.CONFIG, error["code"], error["message"], error["hint"], error["where"])
    except (IndexError, ValueError, KeyError, TypeError):
        message = "The trainer refused the configuration."
        cause = Cause(CauseClass.CONFIG, "config.refused", message, "Clone the run and correct the configuration.")
    return Outcome(RunState.FAILED, cause, again=cause.code == "run.locked")


def _killed_cause(end: TrainerEnd) -> Cause:
    if end.exceeded:
        return Cause(
            CauseClass.MEMORY,
            "run.memory_limit",
            "The trainer used more of this machine's memory than one run may.",
            "Choose a smaller batch, smaller images or fewer loader processes, then resume.",
        )
    if end.for_memory:
        return Cause(
            CauseClass.MEMORY,
            "run.out_of_memory",
            "The trainer was ended while the system was out of memory.",
            "Choose a smaller batch or fewer loader processes, or let fewer runs work at once, then resume.",
        )
    if end.code == PAUSED:
        message = "The trainer was asked from outside to end, several times."
    elif end.code < 0:
        message = f"The trainer was ended by {_signal_name(-end.code)}, several times without getting on."
    else:
        message = f"The trainer ended with the unknown exit code {end.code}, several times."
    kind = CauseClass.CODE if -end.code in (signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE) else CauseClass.KILLED
    hint = "Resume it to try again from the last checkpoint; the system log of the machine may say who ended it."
    return Cause(kind, "run.killed", message, hint, where=_last_line(end.last_words))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:300] if lines else ""
