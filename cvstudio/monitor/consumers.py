"""The socket of the system page: the last five minutes at once, then a sample every second."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.auth import get_user_model
from django.db import DatabaseError

from cvstudio.monitor.sampler import Sample, sampler

CLOSE_UNAUTHENTICATED = 4401
WAITING = 5
LOOK_EVERY_S = 20.0
"""How often an open socket asks whether its account is still active."""


class SystemConsumer(AsyncJsonWebsocketConsumer):
    """Sends ``{"type": "history", "samples": [...]}`` once and ``{"type": "sample", ...}`` every second.

    A reader that cannot keep up loses the oldest samples; they are of no use late.
    """

    async def connect(self) -> None:
        """Let people with a login in."""
        self._waiting: asyncio.Queue[Sample] = asyncio.Queue(WAITING)
        self._sending: asyncio.Task[None] | None = None
        await self.accept()
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
            await self.close(CLOSE_UNAUTHENTICATED)
            return
        self._user_id = user.pk
        past = sampler.add(self._take)
        await self.send_json({"type": "history", "samples": past})
        self._sending = asyncio.get_running_loop().create_task(self._send_all())

    async def disconnect(self, code: int) -> None:
        """Stop listening."""
        sampler.remove(self._take)
        if self._sending:
            self._sending.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        """Nothing is expected from the page, so what comes is not even parsed."""

    def _take(self, sample: Sample) -> None:
        if self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(sample)

    async def _send_all(self) -> None:
        look_again = time.monotonic() + LOOK_EVERY_S
        while True:
            sample = await self._waiting.get()
            if time.monotonic() >= look_again:
                look_again = time.monotonic() + LOOK_EVERY_S
                if not await database_sync_to_async(_may_watch)(self._user_id):
                    await self.close(CLOSE_UNAUTHENTICATED)
                    return
            await self.send_json({"type": "sample", **sample})


def _may_watch(user_id: Any) -> bool:
    """Whether the account is still there and active; a database that is busy ends no socket."""
    try:
        return bool(get_user_model().objects.filter(id=user_id, is_active=True).exists())
    except DatabaseError:
        return True
