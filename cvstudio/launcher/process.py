"""One child of the launcher: started, watched, started again when it dies, and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SHIM = Path(__file__).with_name("child.py")
BACKOFF_FIRST_S = 0.2
BACKOFF_LAST_S = 30.0
STABLE_AFTER_S = 30.0
LOG_LIMIT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class Program:
    """What a child runs.

    Attributes:
        name: Names the child in messages and its log file.
        command: Program and arguments.
        death_signal: What the kernel sends it when the launcher dies.
        stop_signals: Sent one after another, each with the seconds to wait for the end.
        inherited: File descriptors that the child keeps, such as the listening socket.
        environment: Variables beyond the launcher's own.
        niceness: Added to the scheduling priority, so that pages come before training.
    """

    name: str
    command: Sequence[str]
    death_signal: signal.Signals = signal.SIGKILL
    stop_signals: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 5.0),)
    inherited: Sequence[int] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    niceness: int = 0


class Child:
    """A program that should be running."""

    def __init__(self, program: Program, log_dir: Path) -> None:
        self.program = program
        self.log_path = log_dir / f"{program.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.start_at = 0.0
        self.backoff_s = BACKOFF_FIRST_S
        self.deaths = 0

    @property
    def is_running(self) -> bool:
        """Whether the program runs now."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the program in a session of its own, with its output going to its log file."""
        rotate(self.log_path)
        numbers = (int(self.program.death_signal), os.getpid(), self.program.niceness)
        shim = [sys.executable, "-I", "-S", str(SHIM), *map(str, numbers)]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*shim, *self.program.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal reaches the launcher alone, which ends the rest
                pass_fds=tuple(self.program.inherited),
                env={**os.environ, **self.program.environment},
            )
        self.started_at = time.monotonic()

    def check(self, now: float) -> str:
        """Notice a death and plan the next start, or start again when the time has come.

        Returns:
            A line for the person who watches, or an empty string.
        """
        if self.process is None:
            if now >= self.start_at:
                self.start()
            return ""
        status = self.process.poll()
        if status is None:
            return ""
        if now - self.started_at > STABLE_AFTER_S:
            self.backoff_s = BACKOFF_FIRST_S
        self.process, self.start_at, self.deaths = None, now + self.backoff_s, self.deaths + 1
        again = f"starting it again in {self.backoff_s:g} s. Log: {self.log_path}"
        line = f"{self.program.name} ended ({describe(status)}); {again}"
        self.backoff_s = min(self.backoff_s * 2, BACKOFF_LAST_S)
        return line

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program; SIGKILL goes to its whole group."""
        if self.process is None or self.process.poll() is not None:
            return
        if number == signal.SIGKILL:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)


def stop_all(children: Sequence[Child]) -> None:
    """End several children side by side: each its own signals in order, SIGKILL last. Returns when all have ended."""
    pending = {child: [*child.program.stop_signals, (signal.SIGKILL, 10.0)] for child in children if child.is_running}
    deadlines = dict.fromkeys(pending, 0.0)
    while pending:
        now = time.monotonic()
        for child in [child for child in pending if not child.is_running]:
            del pending[child]
        for child, left in pending.items():
            if left and now >= deadlines[child]:
                number, wait_s = left.pop(0)
                child.signal(number)
                deadlines[child] = now + wait_s
        time.sleep(0.02)


def rotate(path: Path) -> None:
    """Keep a log and the one before it, each of bounded size."""
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_suffix(".log.1"))


def describe(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"exit status {status}"
    return f"killed by {signal.Signals(-status).name}"
