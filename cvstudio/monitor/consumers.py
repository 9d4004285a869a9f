"""The socket of the system page: the last five minutes at once, then a sample every second."""

from __future__ import annotations

import asyncio
from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer

from cvstudio.monitor.sampler import Sample, sampler

CLOSE_UNAUTHENTICATED = 4401
WAITING = 5


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
        past = sampler.add(self._take)
        await self.send_json({"type": "history", "samples": past})
        self._sending = asyncio.get_running_loop().create_task(self._send_all())

    async def disconnect(self, code: int) -> None:
        """Stop listening."""
        sampler.remove(self._take)
        if self._sending:
            self._sending.cancel()

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Nothing is expected from the page."""

    def _take(self, sample: Sample) -> None:
        if self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(sample)

    async def _send_all(self) -> None:
        while True:
            sample = await self._waiting.get()
            await self.send_json({"type": "sample", **sample})
