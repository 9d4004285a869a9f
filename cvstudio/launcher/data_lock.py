"""One launcher per data folder, and an end to what a killed launcher may have left behind."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import psutil

from ml_core.errors import CodedError


class AlreadyRunningError(CodedError):
    """Another launcher uses this data folder."""

    default_code = "launcher.already_running"


class DataLock:
    """Holds the data folder for this process; the kernel gives it back when the process ends.

    The file also keeps the marks of the children, so that the next launcher ends those that outlived a
    killed one (Linux ends them by itself; other systems do not).
    """

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self.path = data_dir / "launcher.json"
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise AlreadyRunningError(
                f"CV Studio already runs on {data_dir}{self._holder()}.",
                hint="Use the running one, end it, or give this one its own DATA_DIR and DATABASE_URL.",
            ) from error

    def note_children(self, pids: list[int], address: str) -> None:
        """Write down who runs, with start times, because process ids are used again."""
        marks = []
        for pid in pids:
            try:
                marks.append([pid, psutil.Process(pid).create_time()])
            except psutil.NoSuchProcess:
                continue
        content = json.dumps({"pid": os.getpid(), "address": address, "children": marks}).encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, content, 0)

    def end_leftovers(self) -> int:
        """Kill children of an earlier launcher that still run. Returns how many there were."""
        killed = 0
        for pid, created in read(self.path).get("children", []):
            try:
                process = psutil.Process(pid)
                if abs(process.create_time() - created) < 1.0:
                    process.kill()
                    process.wait(5)
                    killed += 1
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return killed

    def release(self) -> None:
        """Give the folder back."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)

    def _holder(self) -> str:
        facts = read(self.path)
        return f" (process {facts['pid']}, {facts['address']})" if facts else ""


def read(path: Path) -> dict[str, Any]:
    """What the last launcher wrote, or nothing."""
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}
