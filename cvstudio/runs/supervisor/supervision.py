"""The work on one claimed run, from its first trainer to the recorded end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import DatabaseError, connection, transaction

from cvstudio.runs import hooks
from cvstudio.runs.errors import FenceLostError, RunConflictError
from cvstudio.runs.folders import run_folder
from cvstudio.runs.limits import limits
from cvstudio.runs.models import CauseClass, Run, RunState
from cvstudio.runs.services.append_events import NewEvent, append_events
from cvstudio.runs.services.enqueue_run import enqueue_run
from cvstudio.runs.services.transition import Cause, transition
from cvstudio.runs.supervisor.digest import settle_checkpoints
from cvstudio.runs.supervisor.heartbeat import Heartbeat
from cvstudio.runs.supervisor.host import this_host
from cvstudio.runs.supervisor.outcome import COMPLETED, FAILED, Outcome, TrainerEnd, judge, settle
from cvstudio.runs.supervisor.relay import Relay
from cvstudio.runs.supervisor.requests import Requests
from cvstudio.runs.supervisor.resources import ResourceMeter
from cvstudio.runs.supervisor.shutdown import shutting_down
from cvstudio.runs.supervisor.trainer import Trainer, end_leftover
from ml_core.errors import CodedError
from ml_core.run.directory import RunDirectory

logger = logging.getLogger(__name__)

T = TypeVar("T")

_DATABASE_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 5.0


class Supervision:
    """Starts trainers until the run has an outcome, and records it.

    Args:
        run: As claimed.
        heartbeat: Renews the claim; while it stands nobody else writes.
    """

    def __init__(self, run: Run, heartbeat: Heartbeat) -> None:
        self._run, self._heartbeat = run, heartbeat
        self._folder = run_folder(run.id)
        self._directory = RunDirectory(self._folder)
        self._relay = Relay(run, self._folder)
        self._limits = limits()

    def see_through(self) -> None:
        """Do everything.

        Raises:
            FenceLostError: Another worker has the run, or may have it at any moment.
        """
        try:
            outcome = self._work()
        except FenceLostError:
            raise
        except Exception as error:
            # The task border: a defect here must not leave a run that looks alive.
            logger.exception("run %s: the supervisor failed", self._run.id)
            message = f"The supervisor failed with an unexpected {type(error).__name__}."
            cause = Cause(CauseClass.CODE, "internal", message, "Resume the run; the worker's log has the details.")
            outcome = Outcome(RunState.FAILED, cause)
        self._insist(lambda: self._record(outcome))

    def _work(self) -> Outcome:
        process = self._run.process
        if process.get("host") == this_host() and end_leftover(process.get("trainer")):
            self._tell("A trainer of an earlier worker was still at work and has been ended.")
        self._insist(self._relay.realign)
        failures = self._run.attempts
        while True:
            end = self._finished_before() or self._one_trainer(failures + 1)
            outcome = judge(end, self._state(), shutting_down=shutting_down.is_set())
            if outcome.state == RunState.COMPLETED:
                return self._complete(end)
            failures = self._insist(lambda: self._fresh("attempts")) or 1  # a checkpoint has set it to 0
            if not outcome.again or failures >= self._limits.max_attempts:
                return outcome
            self._tell("The trainer was ended from outside. It starts again from the last checkpoint.")
            self._pause(min(failures - 1.0, _LONGEST_PAUSE_S))

    def _finished_before(self) -> TrainerEnd | None:
        """The end of a trainer that finished just before its supervisor was lost."""
        result = self._directory.read_result() or {}
        if result.get("state") != "completed":
            return None
        self._drain()
        return TrainerEnd(COMPLETED, result)

    def _one_trainer(self, attempt: int) -> TrainerEnd:
        trainer = Trainer(self._run, self._folder)
        try:
            self._insist(lambda: self._note_trainer(trainer, attempt))
            requests = Requests(self._run, self._folder, trainer)
            code = self._stay_with(trainer, requests)
        finally:
            trainer.kill()
        self._drain()
        return TrainerEnd(
            code,
            (self._directory.read_result() or {}) if code in (COMPLETED, FAILED) else {},
            trainer.last_words(),
            trainer.was_killed_for_memory(),
            trainer.exceeded_memory,
            requests.is_out_of_time,
        )

    def _note_trainer(self, trainer: Trainer, attempt: int) -> None:
        process = {**self._fresh("process"), "trainer": trainer.mark}
        append_events(self._run.id, [], fence=self._run.fence, changes={"process": process, "attempts": attempt})

    def _stay_with(self, trainer: Trainer, requests: Requests) -> int:
        """Relay events and pass requests on until the trainer has ended; its exit code."""
        meter = ResourceMeter(self._run, trainer.mark["pid"])
        while (code := trainer.exit_code()) is None:
            self._check_claim()
            try:
                moved = self._relay.step()
                requests.step()
                meter.step()
            except DatabaseError as error:
                # The trainer goes on and its events wait in its file; the heartbeat decides when to let go.
                self._rest_database(error)
                continue
            trainer.watch_memory()
            if not moved:
                time.sleep(self._limits.poll_s)
        return code

    def _drain(self) -> None:
        """Store what the ended trainer wrote last."""
        while self._insist(self._relay.step):
            self._check_claim()

    def _complete(self, end: TrainerEnd) -> Outcome:
        """Let other apps take what the run made, before anyone sees it as completed."""
        self._insist(self._relay.mark_running)
        self._run.result = end.result
        run = self._insist(lambda: Run.objects.get(id=self._run.id))
        run.result = end.result
        try:
            hooks.run_completed(run)
        except CodedError as error:
            return Outcome(RunState.FAILED, Cause.of(CauseClass.DATA, error))
        return Outcome(RunState.COMPLETED)

    def _record(self, outcome: Outcome) -> None:
        """Write the outcome, or what a request that came meanwhile makes of it."""
        settle_checkpoints(self._run.id, self._folder)
        changes: dict[str, Any] = {"active_s": self._heartbeat.active_s, "result": self._run.result}
        if outcome.state == RunState.QUEUED:
            changes["attempts"] = 0  # that this worker ends is no fault of the run
        while True:
            self._check_claim()
            state = RunState(self._fresh("state"))
            target = settle(outcome.state, state)
            try:
                with transaction.atomic():
                    run = transition(
                        self._run.id,
                        target,
                        only_from=[state],
                        fence=self._run.fence,
                        cause=outcome.cause,
                        **changes,
                    )
                    if target in (RunState.FAILED, RunState.STOPPED):
                        hooks.run_ended(run)
            except RunConflictError:
                continue  # it was asked for something in between
            if target == RunState.QUEUED:
                enqueue_run(run.id, run.queue)
            return

    def _tell(self, message: str) -> None:
        event = NewEvent("log", {"level": "warning", "message": message})
        self._insist(lambda: append_events(self._run.id, [event], fence=self._run.fence))

    def _state(self) -> str:
        return str(self._insist(lambda: self._fresh("state")))

    def _fresh(self, field: str) -> Any:
        return Run.objects.values_list(field, flat=True).get(id=self._run.id)

    def _check_claim(self) -> None:
        if self._heartbeat.lost.is_set():
            raise FenceLostError("The lease of this worker is over.", where=str(self._run.id))

    def _insist(self, action: Callable[[], T]) -> T:
        """Do it, again and again while the database does not answer, as long as the claim stands."""
        while True:
            try:
                return action()
            except DatabaseError as error:
                self._rest_database(error)
                self._check_claim()

    def _rest_database(self, error: DatabaseError) -> None:
        logger.warning("run %s: the database does not answer: %s", self._run.id, error)
        connection.close()
        self._pause(_DATABASE_PAUSE_S)

    def _pause(self, seconds: float) -> None:
        self._heartbeat.lost.wait(seconds)
