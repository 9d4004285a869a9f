"""Hands stored events to the channel layer, from a thread of its own: a slow or dead Redis delays nobody.

What waits at one moment goes out as one message, to one group that every web process has joined. One message for each
batch of each run would cost a worker with many runs more than storing the events does.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from cvstudio.runs.live.frames import Line, line_of
from cvstudio.runs.models import RunEvent

logger = logging.getLogger(__name__)

GROUP = "runs.live"
MESSAGE = "runs.events"
_GATHER_S = 0.01
_MAX_LINES = 1_000
_MAX_WAITING = 2_000
_WARN_EVERY_S = 30.0

Batch = tuple[str, list[Line]]


def publish(run_id: UUID, events: Sequence[RunEvent]) -> None:
    """Tell open sockets of events that are stored. Returns at once; failures are logged and forgotten."""
    if events:
        _publisher().put((str(run_id), [line_of(event) for event in events]))


def message_of(batches: Sequence[Batch]) -> dict[str, Any]:
    """The message for batches of events, of any runs."""
    return {"type": MESSAGE, "batches": [[run_id, [list(line) for line in lines]] for run_id, lines in batches]}


def batches_in(message: dict[str, Any]) -> list[Batch]:
    """The batches in a message."""
    return [(run_id, [Line(*line) for line in lines]) for run_id, lines in message["batches"]]


class Publisher:
    """An event loop in a thread, with one task that sends what waits, in order."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._waiting: asyncio.Queue[Batch] = asyncio.Queue()
        self._next_warning = 0.0
        self._loop.create_task(self._send_all())
        threading.Thread(target=self._loop.run_forever, name="publish-events", daemon=True).start()

    def put(self, batch: Batch) -> None:
        """Queue a batch; beyond a bound it is dropped, because sockets find the gap in the database."""
        if self._waiting.qsize() < _MAX_WAITING:
            self._loop.call_soon_threadsafe(self._waiting.put_nowait, batch)

    async def _send_all(self) -> None:
        layer = get_channel_layer()
        while True:
            batches = [await self._waiting.get()]
            await asyncio.sleep(_GATHER_S)
            lines = len(batches[0][1])
            while not self._waiting.empty() and lines < _MAX_LINES:
                batches.append(self._waiting.get_nowait())
                lines += len(batches[-1][1])
            try:
                await layer.group_send(GROUP, message_of(batches))
            except (RedisError, OSError, ChannelFull) as error:
                self._warn(error)

    def _warn(self, error: Exception) -> None:
        if time.monotonic() >= self._next_warning:
            self._next_warning = time.monotonic() + _WARN_EVERY_S
            logger.warning("events are not announced while the channel layer fails: %s", error)


_lock = threading.Lock()
_current: Publisher | None = None


def _publisher() -> Publisher:
    """The publisher of this process; a forked child gets its own."""
    global _current
    with _lock:
        if _current is None or _current.pid != os.getpid():
            _current = Publisher()
        return _current
