"""The one subscription of a web process to live events, shared by all its sockets.

Events come through the channel layer; that may drop or delay them, and Redis may be down. Therefore the hub also
reads from the database, once a second and for all sockets together, how far each watched run is, and whether the
people who watch may still do so.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from django.contrib.auth import get_user_model
from django.db import DatabaseError
from redis.exceptions import RedisError

from cvstudio.runs.live.frames import Line
from cvstudio.runs.live.publish import GROUP, batches_in
from cvstudio.runs.models import Run

logger = logging.getLogger(__name__)

TICK_S = 1.0
PEOPLE_EVERY_S = 20.0
JOIN_AGAIN_S = 30.0
_RETRY_S = 0.5
_LAYER_FAULTS = (RedisError, OSError, ChannelFull)


class Watcher(Protocol):
    """An open socket."""

    run_id: str
    user_id: Any

    def offer(self, lines: list[Line]) -> None:
        """Take events, in order, that may overlap or leave a gap after those before."""

    def head(self, seq: int, *, is_urgent: bool) -> None:
        """Learn the number of the last stored event; urgent when no events come through the layer."""

    def drop(self, code: int) -> None:
        """Close: the user or the run is gone."""


class Hub:
    """Feeds the watchers of this process. Begins with the first, ends with the last."""

    def __init__(self) -> None:
        self._watchers: dict[str, set[Watcher]] = defaultdict(set)
        self._tasks: list[asyncio.Task[None]] = []
        self._is_joined = False
        self._next_people_look = 0.0

    def add(self, watcher: Watcher) -> None:
        """Begin to feed a watcher."""
        self._watchers[watcher.run_id].add(watcher)
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._tick())]

    def remove(self, watcher: Watcher) -> None:
        """Stop to feed a watcher."""
        remaining = self._watchers.get(watcher.run_id, set())
        remaining.discard(watcher)
        if not remaining:
            self._watchers.pop(watcher.run_id, None)
        if not self._watchers:
            for task in self._tasks:
                task.cancel()
            self._tasks, self._is_joined = [], False

    async def _listen(self) -> None:
        """Receive from the channel layer, through all its failures."""
        while True:
            try:
                await self._receive()
            except _LAYER_FAULTS as error:
                logger.info("live events come from the database while the channel layer fails: %s", error)
                self._is_joined = False
                await asyncio.sleep(_RETRY_S)

    async def _receive(self) -> None:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        rejoin_at = 0.0
        try:
            while True:
                if time.monotonic() >= rejoin_at:  # a Redis that lost its data has lost its groups
                    await layer.group_add(GROUP, channel)
                    self._is_joined, rejoin_at = True, time.monotonic() + JOIN_AGAIN_S
                try:
                    async with asyncio.timeout(JOIN_AGAIN_S):
                        message = await layer.receive(channel)
                except TimeoutError:
                    continue
                for run_id, lines in batches_in(message):
                    for watcher in list(self._watchers.get(run_id, ())):
                        watcher.offer(lines)
        except asyncio.CancelledError:
            await layer.group_discard(GROUP, channel)
            raise

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            try:
                await self._look()
            except DatabaseError as error:
                logger.warning("the watched runs could not be read: %s", error)

    async def _look(self) -> None:
        heads: dict[str, int] = await database_sync_to_async(_heads)(list(self._watchers))
        for run_id, watchers in list(self._watchers.items()):
            for watcher in list(watchers):
                if run_id in heads:
                    watcher.head(heads[run_id], is_urgent=not self._is_joined)
                else:
                    watcher.drop(4404)
        if time.monotonic() >= self._next_people_look:
            self._next_people_look = time.monotonic() + PEOPLE_EVERY_S
            everyone = {watcher for watchers in self._watchers.values() for watcher in watchers}
            active: set[Any] = await database_sync_to_async(_active)({watcher.user_id for watcher in everyone})
            for watcher in everyone:
                if watcher.user_id not in active:
                    watcher.drop(4401)


def _heads(run_ids: list[str]) -> dict[str, int]:
    rows = Run.objects.filter(id__in=run_ids).values_list("id", "last_seq")
    return {str(run_id): seq for run_id, seq in rows}


def _active(user_ids: set[Any]) -> set[Any]:
    return set(get_user_model().objects.filter(id__in=user_ids, is_active=True).values_list("id", flat=True))


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
