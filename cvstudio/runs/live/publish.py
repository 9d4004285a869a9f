"""Hands stored events to the channel layer, from a thread of its own: a slow or dead Redis delays nobody."""

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

from cvstudio.runs.live.frames import line_of
from cvstudio.runs.models import RunEvent

logger = logging.getLogger(__name__)

MESSAGE = "run.events"
_MAX_WAITING = 2_000
_WARN_EVERY_S = 30.0


def group_of(run_id: UUID | str) -> str:
    """Name of the channel group for a run."""
    return f"run.{run_id}"


def publish(run_id: UUID, events: Sequence[RunEvent]) -> None:
    """Tell open sockets of events that are stored. Returns at once; failures are logged and forgotten."""
    if events:
        lines = [list(line_of(event)) for event in events]
        _publisher().put(group_of(run_id), {"type": MESSAGE, "run": str(run_id), "lines": lines})


class Publisher:
    """An event loop in a thread, with one task that sends what waits, in order."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._waiting: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self._next_warning = 0.0
        self._loop.create_task(self._send_all())
        threading.Thread(target=self._loop.run_forever, name="publish-events", daemon=True).start()

    def put(self, group: str, message: dict[str, Any]) -> None:
        """Queue a message; beyond a bound it is dropped, because sockets find the gap in the database."""
        if self._waiting.qsize() < _MAX_WAITING:
            self._loop.call_soon_threadsafe(self._waiting.put_nowait, (group, message))

    async def _send_all(self) -> None:
        layer = get_channel_layer()
        while True:
            group, message = await self._waiting.get()
            try:
                await layer.group_send(group, message)
            except (RedisError, OSError, ChannelFull) as error:
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
