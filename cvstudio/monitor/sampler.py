"""One sampler for everybody who watches: it starts with the first, measures once a second, ends after the last."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async

from cvstudio.common.gpus import GpuReader
from cvstudio.monitor.broker import read_queues, read_workers
from cvstudio.monitor.machine import CpuMeter, read_disks, read_memory

logger = logging.getLogger(__name__)

Sample = dict[str, Any]
Listener = Callable[[Sample], None]

PERIOD_S = 1.0
FIRST_AFTER_S = 0.2
HISTORY = timedelta(minutes=5)
WORKERS_EVERY_S = 5.0
SLOW_EVERY = 5
"""Disks and queues change slowly: they are read in every fifth sample and repeated in between."""


class Sampler:
    """Keeps the last five minutes and hands every new sample to its listeners.

    All methods but `take` run in the event loop of the web process.
    """

    def __init__(self) -> None:
        self.history: deque[Sample] = deque(maxlen=int(HISTORY.total_seconds() / PERIOD_S))
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._gpus = GpuReader()
        self._cpu = CpuMeter()
        self._slow: dict[str, Any] = {}
        self._workers: list[dict[str, Any]] | None = None
        self._count = 0

    @property
    def running(self) -> bool:
        """Whether it measures at the moment."""
        return self._task is not None and not self._task.done()

    def add(self, listener: Listener) -> list[Sample]:
        """Let `listener` have every sample from now on; returns the samples of the last five minutes."""
        self._listeners.add(listener)
        if not self.running:
            self._task = asyncio.get_running_loop().create_task(self._measure(), name="system-sampler")
        oldest = (datetime.now(UTC) - HISTORY).isoformat()
        return [sample for sample in self.history if sample["time"] >= oldest]

    def remove(self, listener: Listener) -> None:
        """Leave `listener` alone; the last to go ends the sampling."""
        self._listeners.discard(listener)
        if not self._listeners and self._task:
            self._task.cancel()
            self._task = None

    def take(self) -> Sample:
        """Measure once. Blocks for some milliseconds."""
        if self._count % SLOW_EVERY == 0:
            self._slow = {"disks": read_disks(), "broker": read_queues()}
        self._count += 1
        return {
            "time": datetime.now(UTC).isoformat(),
            "cpu": self._cpu.read(),
            "memory": read_memory(),
            "gpus": self._gpus.read(),
            **self._slow,
            "workers": self._workers,
        }

    async def _measure(self) -> None:
        loop = asyncio.get_running_loop()
        asking = loop.create_task(self._ask_workers())
        self._cpu = CpuMeter()  # what was before somebody watched does not count
        due = loop.time() + FIRST_AFTER_S
        try:
            while True:
                await asyncio.sleep(max(0.0, due - loop.time()))
                due = max(due + PERIOD_S, loop.time())
                sample = await sync_to_async(self.take, thread_sensitive=False)()
                self.history.append(sample)
                for listener in tuple(self._listeners):
                    listener(sample)
        finally:
            asking.cancel()
            self._gpus.close()

    async def _ask_workers(self) -> None:
        while True:
            self._workers = await sync_to_async(read_workers, thread_sensitive=False)()
            await asyncio.sleep(WORKERS_EVERY_S)


sampler = Sampler()
"""The one of this process."""
