"""Requests to a running recipe: pause, stop, checkpoint. They come through a file, a signal, or a dead parent."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Literal

from ml_core.run.files import write_json_atomic

Command = Literal["pause", "stop", "checkpoint"]
COMMANDS: tuple[Command, ...] = ("pause", "stop", "checkpoint")
POLL_S = 0.05
ORPHAN_GRACE_S = 8.0  # shorter than the 10 s for which a successor waits for the run directory's lock


class RunPaused(Exception):
    """The run ends now in a way that ``--resume`` continues."""


class RunStopped(Exception):
    """The run ends now for good."""


def send_command(run_path: Path, command: Command | None, identifier: int) -> None:
    """Ask the run in ``run_path`` for something. The supervisor calls this.

    Args:
        run_path: The run directory.
        command: What to do; ``None`` withdraws a request that was not taken yet.
        identifier: Greater than that of every earlier request to this run.
    """
    write_json_atomic(run_path / "control.json", {"id": identifier, "command": command})


class Control:
    """Reads requests. A look costs one ``stat`` at most every 50 ms, so it may be called every step.

    The number of the last request taken is kept in ``control.handled``: a resumed run does not obey the pause
    that ended its predecessor, and obeys one that came before it was up.
    """

    def __init__(self, folder: Path, *, writable: bool = True) -> None:
        self._path = folder / "control.json"
        self._handled_path = folder / "control.handled"
        self._writable = writable
        self._next_look = 0.0
        self._seen: tuple[int, int] | None = None
        self._handled = self._read_handled()
        self._signalled: Command | None = None
        self.cause = "user"

    def _read_handled(self) -> int:
        try:
            return int(json.loads(self._handled_path.read_text())["id"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return -1

    def request(self, command: Command, cause: str) -> None:
        """Ask from inside the process; safe in a signal handler and from a thread."""
        self._signalled, self.cause = command, cause

    def requested(self) -> Command | None:
        """The open request, or ``None``. ``pause`` and ``stop`` stay open; ``checkpoint`` is given once."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + POLL_S
            self._look()
        command = self._signalled
        if command == "checkpoint":
            self._signalled = None
        return command

    def _look(self) -> None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp == self._seen:
            return
        try:
            content = json.loads(self._path.read_text())
            identifier, command = int(content["id"]), content["command"]
        except (OSError, ValueError, KeyError, TypeError):
            return  # not ours or not whole; the next look sees a complete one
        self._seen = stamp
        if identifier <= self._handled or command not in COMMANDS:
            return
        self._handled = identifier
        if self._writable:
            write_json_atomic(self._handled_path, {"id": identifier})
        self.request(command, "user")


def install_signals(control: Control) -> None:
    """SIGTERM and the first Ctrl-C ask for a pause; the second Ctrl-C ends at once."""

    def on_terminate(_number: int, _frame: FrameType | None) -> None:
        control.request("pause", "signal")

    def on_interrupt(_number: int, _frame: FrameType | None) -> None:
        control.request("pause", "signal")
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGTERM, on_terminate)
    signal.signal(signal.SIGINT, on_interrupt)


def watch_parent(control: Control) -> None:
    """End this process when its supervisor dies: first by a pause request, after a grace by force.

    Linux could do this with PR_SET_PDEATHSIG, but that signal fires when the *thread* that spawned us ends,
    which in a thread-pool worker is not the end of the worker. Standard input and the parent's id do not lie.
    """
    parent = os.getppid()

    def is_orphan() -> bool:
        if os.getppid() != parent:
            return True
        try:
            readable, _, _ = select.select([sys.stdin], [], [], 0.5)
            return bool(readable) and not os.read(sys.stdin.fileno(), 1024)
        except (OSError, ValueError):
            return True

    def watch() -> None:
        while not is_orphan():
            pass
        control.request("pause", "orphaned")
        time.sleep(ORPHAN_GRACE_S)
        os._exit(1)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()
