"""What one socket is to be sent next: events in order, each once, whatever the channel layer does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from cvstudio.runs.live.frames import Line

PAGE = 500
MAX_WAITING = 2_000

Fetch = Callable[[int, int], Awaitable[list[Line]]]


class Feed:
    """Joins what comes live with what is stored.

    Live events that follow directly on those taken so far go straight on. Everything else (a gap, too much
    waiting, the start) makes the feed read from the database until it has caught up.

    Args:
        after: Number of the last event that the client has.
        fetch: Reads stored events: ``(after, limit) -> lines``.
    """

    def __init__(self, after: int, fetch: Fetch) -> None:
        self.sent = after
        self._fetch = fetch
        self._waiting: list[Line] = []
        self._head = self._head_before = after
        self._is_behind = True
        self._ready = asyncio.Event()
        self._ready.set()

    @property
    def is_live(self) -> bool:
        """Whether everything stored has been sent, as far as known."""
        return not self._is_behind and not self._waiting

    def offer(self, lines: list[Line]) -> None:
        """Take live events."""
        self._head = max(self._head, lines[-1].seq)
        if not self._is_behind:
            taken = self._waiting[-1].seq if self._waiting else self.sent
            new = [line for line in lines if line.seq > taken]
            if new and (new[0].seq != taken + 1 or len(self._waiting) + len(new) > MAX_WAITING):
                self._fall_behind()
            else:
                self._waiting += new
        self._ready.set()

    def head(self, seq: int, *, is_urgent: bool) -> None:
        """Learn how far the run is.

        What is stored but did not come is read from the database: at once when nothing comes live, else when
        it has not come until the next time, because it may just be under way.
        """
        taken = self._waiting[-1].seq if self._waiting else self.sent
        missing = seq if is_urgent else self._head_before
        self._head_before = seq
        if taken < missing and not self._is_behind:
            self._head = max(self._head, seq)
            self._fall_behind()
            self._ready.set()

    async def next_lines(self) -> list[Line]:
        """Wait for events and take them; empty when a look at the database found nothing new."""
        await self._ready.wait()
        if self._is_behind:
            head_before = self._head
            lines = await self._fetch(self.sent, PAGE)
            self.sent = lines[-1].seq if lines else self.sent
            # What was announced while the page was being read may not be on it.
            is_announced = self._head > max(self.sent, head_before)
            self._is_behind = len(lines) == PAGE or is_announced
        else:
            lines, self._waiting = self._waiting, []
            self.sent = lines[-1].seq if lines else self.sent
        if not self._is_behind and not self._waiting:
            self._ready.clear()
        return lines

    def _fall_behind(self) -> None:
        self._is_behind = True
        self._waiting = []
