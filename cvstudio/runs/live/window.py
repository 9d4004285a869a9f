"""How much may be on its way to one client.

The web server takes whatever is sent and keeps it in memory until the client reads. A client that confirms what it
has read (``{"type": "ack", "seq": n}``) is sent as fast as it confirms. One that never confirms is sent as much as
fits the window at once, and slowly after that, so that one that does not read at all costs little memory until the
ping of the web server finds out.
"""

from __future__ import annotations

import asyncio
from collections import deque

WINDOW_BYTES = 512 * 1024
SLOW_S = 0.5


class Window:
    """Counts the bytes that are not confirmed yet."""

    def __init__(self, limit_bytes: int = WINDOW_BYTES, slow_s: float = SLOW_S) -> None:
        self._limit, self._slow_s = limit_bytes, slow_s
        self._open: deque[tuple[int, int]] = deque()
        self._bytes = 0
        self._confirms = False
        self._room = asyncio.Event()
        self._room.set()

    def note_sent(self, seq: int, size: int) -> None:
        """Count a frame that ends with event ``seq``."""
        self._open.append((seq, size))
        self._bytes += size
        if self._bytes > self._limit:
            self._room.clear()

    def confirm(self, seq: int) -> None:
        """The client has read everything up to ``seq``."""
        self._confirms = True
        while self._open and self._open[0][0] <= seq:
            self._bytes -= self._open.popleft()[1]
        if self._bytes <= self._limit:
            self._room.set()

    async def wait_for_room(self) -> None:
        """Return when the next frame may be sent."""
        if self._room.is_set():
            return
        try:
            await asyncio.wait_for(self._room.wait(), None if self._confirms else self._slow_s)
        except TimeoutError:
            self._open.clear()  # it never confirms; what counts from here on is the pace
            self._open.append((0, self._bytes))
