"""Measures what a trainer uses and notes it among the events of its run."""

from __future__ import annotations

import time
from typing import Any

import psutil

from cvstudio.common.gpus import GpuReader
from cvstudio.runs.models import Run
from cvstudio.runs.services.append_events import NewEvent, append_events

KIND = "resource"
FIRST_AFTER_S = 1.0
EVERY_S = 5.0
#: The pause grows with the age of the trainer, so that a run of any length leaves some thousand events at most.
SHARE_OF_AGE = 1 / 500


class ResourceMeter:
    """Looks at a trainer and its children every few seconds.

    Args:
        run: As claimed; its fence lets the events in.
        pid: Process id of the trainer.
    """

    def __init__(self, run: Run, pid: int) -> None:
        self._run, self._pid = run, pid
        self._born = self._last = time.monotonic()
        self._due = self._born + FIRST_AFTER_S
        self._cpu_s = 0.0
        self._gpus: GpuReader | None = GpuReader()

    def step(self) -> None:
        """Measure and store, when it is time; most calls only look at the clock.

        Raises:
            FenceLostError: Another worker has claimed the run.
        """
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + max(EVERY_S, (now - self._born) * SHARE_OF_AGE)
        if (use := self._read(now)) is not None:
            append_events(self._run.id, [NewEvent(KIND, use)], fence=self._run.fence)

    def _read(self, now: float) -> dict[str, Any] | None:
        members = _family(self._pid)
        if not members:
            return None
        cpu_s = sum(seconds for _pid, seconds, _memory, _threads in members)
        percent = 100.0 * max(0.0, cpu_s - self._cpu_s) / max(now - self._last, 1e-3)
        self._cpu_s, self._last = cpu_s, now
        return {
            "cpu_percent": round(percent, 1),
            "memory_bytes": sum(memory for _pid, _seconds, memory, _threads in members),
            "threads": sum(threads for _pid, _seconds, _memory, threads in members),
            "processes": len(members),
            **self._read_gpus({member[0] for member in members}),
        }

    def _read_gpus(self, pids: set[int]) -> dict[str, Any]:
        """Load of the GPUs that the trainer computes on, and its memory there; nothing on a machine without."""
        if self._gpus is None:
            return {}
        found = self._gpus.read()
        if not found["available"]:
            self._gpus = None
            return {}
        mine = [device for device in found["devices"] if pids & set(device["processes"] or {})]
        if not mine:
            return {}
        return {
            "gpus": [device["index"] for device in mine],
            "gpu_percent": max(device["percent"] or 0 for device in mine),
            "gpu_memory_bytes": sum(
                size for device in mine for pid, size in device["processes"].items() if pid in pids
            ),
        }


def _family(pid: int) -> list[tuple[int, float, int, int]]:
    """Process id, processor seconds, memory and threads of a process and all its descendants that still live."""
    try:
        trainer = psutil.Process(pid)
        processes = [trainer, *trainer.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
    members = []
    for process in processes:
        try:
            with process.oneshot():
                times = process.cpu_times()
                use = (process.pid, times.user + times.system, process.memory_info().rss, process.num_threads())
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        members.append(use)
    return members
