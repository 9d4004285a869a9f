"""The socket of a run: replays its events from a number on, then streams.

``/api/v1/ws/training/{id}?after=SEQ``. Frames to the client: ``run`` (the summary; at the start and after each
change of state), ``events`` (in order, each event once), ``live`` (the replay is through). Frames from the client:
``{"type": "ack", "seq": n}``, optional; see ``live/window.py``. Close codes: 4400 bad ``after``, 4401 not logged
in, 4404 no such run.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError

from cvstudio.runs.live.feed import Feed
from cvstudio.runs.live.frames import Line, events_frame, line_of, live_frame, run_frame
from cvstudio.runs.live.hub import hub
from cvstudio.runs.live.window import Window
from cvstudio.runs.models import Run
from cvstudio.runs.selectors import events_after

logger = logging.getLogger(__name__)

BAD_REQUEST, NOT_LOGGED_IN, NOT_FOUND, INTERNAL = 4400, 4401, 4404, 1011
FRAME_EVERY_S = 0.1
MAX_MESSAGE = 1_000
_DATABASE_PAUSE_S = 1.0


class RunConsumer(AsyncWebsocketConsumer):
    """One open socket. It holds no group of its own: the hub of the process feeds it."""

    channel_layer_alias = "none: the hub listens for all sockets"

    run_id: str
    user_id: Any

    async def connect(self) -> None:
        """Check who asks for what, then start to send."""
        self._sender: asyncio.Task[None] | None = None
        protocols = self.scope.get("subprotocols") or []
        await self.accept("bearer" if protocols[:1] == ["bearer"] else None)
        user = self.scope["user"]
        if not user.is_authenticated:
            await self.close(NOT_LOGGED_IN)
            return
        after = _after(self.scope.get("query_string", b""))
        if after is None:
            await self.close(BAD_REQUEST)
            return
        run: Run | None = await database_sync_to_async(_visible_run)(self.scope["url_route"]["kwargs"]["run_id"], user)
        if run is None:
            await self.close(NOT_FOUND)
            return
        self.run_id, self.user_id = str(run.id), user.pk
        self._window = Window()
        self._feed = Feed(min(after, run.last_seq), self._fetch)
        self.offer, self.head = self._feed.offer, self._feed.head
        await self.send(run_frame(run))
        hub().add(self)
        self._sender = asyncio.create_task(self._send_all())
        self._sender.add_done_callback(self._sender_ended)

    async def disconnect(self, code: int) -> None:
        """Leave the hub."""
        if self._sender is not None:
            self._sender.cancel()
            hub().remove(self)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take a confirmation; anything else is ignored."""
        if self._sender is None or not text_data or len(text_data) > MAX_MESSAGE:
            return
        try:
            message = json.loads(text_data)
            if message["type"] == "ack":
                self._window.confirm(int(message["seq"]))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return

    def drop(self, code: int) -> None:
        """Close because the hub says so."""
        if self._sender is not None:
            self._sender.cancel()
        self._closing = asyncio.create_task(self.close(code))

    def _sender_ended(self, sender: asyncio.Task[None]) -> None:
        """A defect in the sender must not leave a socket that looks open and stays silent."""
        if not sender.cancelled() and (error := sender.exception()):
            logger.error("the socket of run %s failed", self.run_id, exc_info=error)
            self.drop(INTERNAL)

    async def _send_all(self) -> None:
        """Send what the feed has, at most ten frames a second, as fast as the client reads."""
        was_live = False
        next_frame = 0.0
        while True:
            try:
                lines = await self._feed.next_lines()
                if lines:
                    await self._send_events(lines)
                if self._feed.is_live and not was_live:
                    was_live = True
                    await self.send(live_frame(self._feed.sent))
            except DatabaseError:
                await asyncio.sleep(_DATABASE_PAUSE_S)
            await self._window.wait_for_room()
            pause = next_frame - time.monotonic()
            if was_live and pause > 0:
                await asyncio.sleep(pause)
            next_frame = time.monotonic() + FRAME_EVERY_S

    async def _send_events(self, lines: list[Line]) -> None:
        frame = events_frame(lines)
        await self.send(frame)
        self._window.note_sent(lines[-1].seq, len(frame))
        if any(line.is_state for line in lines):
            run: Run | None = await database_sync_to_async(_read_run)(self.run_id)
            if run is not None:
                await self.send(run_frame(run))

    async def _fetch(self, after: int, limit: int) -> list[Line]:
        lines: list[Line] = await database_sync_to_async(_read_lines)(self.run_id, after, limit)
        return lines


def _after(query: bytes) -> int | None:
    """The number from the address; ``None`` when it is no number."""
    text = parse_qs(query.decode("latin-1")).get("after", ["0"])[-1]
    return int(text) if text.isdecimal() and len(text) < 19 else None


def _visible_run(run_id: Any, user: Any) -> Run | None:
    return Run.objects.visible_to(user).filter(id=run_id).first()


def _read_run(run_id: str) -> Run | None:
    return Run.objects.filter(id=run_id).first()


def _read_lines(run_id: Any, after: int, limit: int) -> list[Line]:
    return [line_of(event) for event in events_after(run_id, after, limit)]
