"""Joins requests for the same model that come at the same time into one forward pass.

One thread runs the forward passes of a GPU, which one keeps full. On a CPU there are several: two small batches on a
core each get through a tenth more images than one large batch on two cores that wait for one another. A request that
comes alone is never delayed. One that is ready while others are still being decoded waits for them, but only as long
as a fraction of a forward pass is worth, and never longer than ``max_wait_s``.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")

#: Weight of the newest forward pass in the running mean of their times.
_NEWEST = 0.2


@dataclass
class _Lane(Generic[Item]):
    """Requests for one model."""

    ready: deque[tuple[float, Item]] = field(default_factory=deque)
    coming: int = 0
    forward_s: float = 0.0


class Batcher(Generic[Item]):
    """Collects ready items by key and hands them over in batches, the longest waiting key first.

    Args:
        run: Runs one batch; called in a thread of the batcher with the number of batches that are, or are about to
            be, under way beside one another. It must not raise: a fault belongs to the batch's items, and who made
            them knows how to tell.
        max_batch: Items in one call at most.
        max_wait_s: Longest that a ready item waits for items announced with `expect`.
        lanes: Batches that may run beside one another.
    """

    def __init__(
        self,
        run: Callable[[Hashable, list[Item], int], None],
        *,
        max_batch: int,
        max_wait_s: float,
        lanes: int = 1,
    ) -> None:
        self._run = run
        self._max_batch = max_batch
        self._max_wait_s = max_wait_s
        self._lanes: dict[Hashable, _Lane[Item]] = {}
        self._changed = threading.Condition()
        self._closing = False
        self._running = 0
        self._threads = [threading.Thread(target=self._loop, name=f"forward-{n}", daemon=True) for n in range(lanes)]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Run what is ready, then end the threads."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def expect(self, key: Hashable) -> None:
        """Say that an item for ``key`` is on its way. Each is followed by one `put` or one `withdraw`."""
        with self._changed:
            self._lanes.setdefault(key, _Lane()).coming += 1

    def put(self, key: Hashable, item: Item) -> None:
        """The expected item is ready."""
        with self._changed:
            lane = self._lanes[key]
            lane.coming -= 1
            lane.ready.append((time.monotonic(), item))
            self._changed.notify_all()

    def withdraw(self, key: Hashable) -> None:
        """The expected item will not come: its image is damaged."""
        with self._changed:
            self._lanes[key].coming -= 1
            self._changed.notify_all()

    def _loop(self) -> None:
        while (taken := self._take()) is not None:
            key, items, beside = taken
            started = time.monotonic()
            self._run(key, items, beside)
            self._note(key, time.monotonic() - started)

    def _take(self) -> tuple[Hashable, list[Item], int] | None:
        """Wait for the next batch; None when closing and nothing is left."""
        with self._changed:
            while True:
                key = self._oldest()
                if key is None:
                    if self._closing:
                        return None
                    self._changed.wait()
                    continue
                lane = self._lanes[key]
                wait_s = self._patience(lane)
                if wait_s <= 0:
                    count = min(len(lane.ready), self._max_batch)
                    items = [lane.ready.popleft()[1] for _ in range(count)]
                    self._running += 1
                    is_more_work = any(other.ready or other.coming for other in self._lanes.values())
                    return key, items, min(len(self._threads), self._running + is_more_work)
                self._changed.wait(wait_s)

    def _oldest(self) -> Hashable | None:
        waiting = [(lane.ready[0][0], key) for key, lane in self._lanes.items() if lane.ready]
        return min(waiting, key=lambda pair: pair[0])[1] if waiting else None

    def _patience(self, lane: _Lane[Item]) -> float:
        """Seconds the oldest item may still wait; 0 when waiting brings nothing."""
        if self._closing or not lane.coming or len(lane.ready) >= self._max_batch:
            return 0.0
        worth_s = min(self._max_wait_s, max(0.001, lane.forward_s / 2))
        return lane.ready[0][0] + worth_s - time.monotonic()

    def _note(self, key: Hashable, seconds: float) -> None:
        with self._changed:
            self._running -= 1
            lane = self._lanes[key]
            lane.forward_s += _NEWEST * (seconds - lane.forward_s) if lane.forward_s else seconds
            if not lane.ready and not lane.coming and len(self._lanes) > 64:
                del self._lanes[key]  # models come and go; their lanes must not pile up
