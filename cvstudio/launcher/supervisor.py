"""The launcher's loop: children that die come back, and none outlives it."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from types import FrameType

from cvstudio.launcher.process import Child, stop_all

LOOK_EVERY_S = 0.5


class Supervisor:
    """Keeps children running until a signal asks it to end.

    Args:
        say: Takes one line for the person who watches.
        noted: Called with the process ids whenever they may have changed.
    """

    def __init__(self, say: Callable[[str], None], noted: Callable[[list[int]], None]) -> None:
        self.children: list[Child] = []
        self.ending = False
        self._say = say
        self._noted = noted
        self._pids: list[int] = []
        # Signals (also SIGCHLD) write a byte here, so that the loop sleeps and still reacts at once.
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        os.set_blocking(self._wake_read, False)

    def listen_to_signals(self) -> None:
        """Take SIGINT, SIGTERM and SIGHUP as requests to end."""
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_end)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _ask_to_end(self, number: int, frame: FrameType | None) -> None:
        self.ending = True

    def add(self, child: Child) -> None:
        """Start a child now and keep it running."""
        child.start()
        self.children.append(child)
        self._note()

    def look(self) -> None:
        """Look after every child once."""
        now = time.monotonic()
        for child in self.children:
            if line := child.check(now):
                self._say(line)
        self._note()

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Look after the children until asked to end, or until `until()` is true."""
        while not self.ending and not until():
            self.look()
            self._sleep()

    def end(self) -> None:
        """End all: the last one started first, in two groups so that Redis is there until the workers are gone."""
        first = [child for child in self.children if child.program.name != "redis"]
        stop_all(first)
        stop_all([child for child in self.children if child not in first])

    def _sleep(self) -> None:
        ready, _, _ = select.select([self._wake_read], [], [], LOOK_EVERY_S)
        if ready:
            os.read(self._wake_read, 4096)

    def _note(self) -> None:
        pids = [child.process.pid for child in self.children if child.process is not None]
        if pids != self._pids:
            self._pids = pids
            self._noted(pids)
