"""Passes what users ask for on to the trainer, and insists when it does not answer."""

from __future__ import annotations

import time
from pathlib import Path

from cvstudio.runs.errors import FenceLostError
from cvstudio.runs.limits import Limits, limits
from cvstudio.runs.models import Run
from cvstudio.runs.supervisor.shutdown import shutting_down
from cvstudio.runs.supervisor.trainer import Trainer
from ml_core.run.control import COMMANDS, send_command


class Requests:
    """The user's requests to one trainer under one claim."""

    def __init__(self, run: Run, folder: Path, trainer: Trainer) -> None:
        self._run_id, self._fence, self._folder, self._trainer = run.id, run.fence, folder, trainer
        self._passed = run.command_id
        self._limits: Limits = limits()
        self._next_look = 0.0
        self._terminate_at = self._kill_at = float("inf")
        self._out_of_time_at = now_plus_hours(self._limits.max_hours)
        self.is_out_of_time = False

    def step(self) -> None:
        """Look for a request, and act on one that was not obeyed in time.

        Raises:
            FenceLostError: Another worker has claimed the run, or it was deleted.
        """
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + self._limits.command_poll_s
        self._look(now)
        if now >= self._out_of_time_at and not self.is_out_of_time:
            self.is_out_of_time = True
            self._terminate_at = now
        if shutting_down.is_set() and self._kill_at == float("inf"):
            self._terminate_at = now
        if now >= self._terminate_at:
            self._trainer.ask_to_end()
            self._terminate_at = float("inf")
            self._kill_at = min(self._kill_at, now + self._limits.kill_grace_s)
        if now >= self._kill_at:
            self._trainer.kill()

    def _look(self, now: float) -> None:
        row = Run.objects.filter(id=self._run_id).values("fence", "command", "command_id").first()
        if row is None or row["fence"] != self._fence:
            raise FenceLostError("Another worker has taken over this run.", where=str(self._run_id))
        command = next((known for known in COMMANDS if known == row["command"]), None)
        if command is None or row["command_id"] <= self._passed:
            return
        send_command(self._folder, command, row["command_id"])
        self._passed = row["command_id"]
        if command == "checkpoint":
            Run.objects.filter(id=self._run_id, fence=self._fence, command_id=self._passed).update(command="")
        else:
            grace = self._limits.pause_grace_s if command == "pause" else self._limits.stop_grace_s
            self._terminate_at = now + grace


def now_plus_hours(hours: float) -> float:
    """The moment after so many hours; never for 0."""
    return time.monotonic() + 3600 * hours if hours else float("inf")
