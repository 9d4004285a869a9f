"""Work that runs ahead of its consumer on other threads, in order and within bounds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, Queue
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

_LOOK_UP_S = 0.2
_MOST_BYTES = 512 << 20


def work_ahead(
    items: Iterable[Item],
    work: Callable[[Item], Made],
    *,
    threads: int,
    ahead: int,
    while_waiting: Callable[[], None],
    size_of: Callable[[Item], int] = lambda _: 0,
) -> Generator[tuple[Item, Made], None, None]:
    """Each item with what the work makes of it, in the order of the items.

    Args:
        items: Gone through on a thread of its own, as far as ``ahead`` allows.
        work: Called on ``threads`` threads. What it raises is raised here.
        threads: How many.
        ahead: Items that may be under way.
        while_waiting: Called now and then while nothing is ready; may raise in order to end.
        size_of: Bytes that an item holds until its work is done: beyond half a gigabyte the next one waits.
    """
    queue: Queue[tuple[Item, Future[Made]] | BaseException | None] = Queue()
    room = threading.Semaphore(ahead)
    ended = threading.Event()
    held = _Held(ended)

    def go_through() -> None:
        iterator = iter(items)
        try:
            while room.acquire() and not ended.is_set():
                item = next(iterator)
                held.take(size := size_of(item))
                future = pool.submit(work, item)
                future.add_done_callback(lambda _, size=size: held.give(size))  # type: ignore[misc]
                queue.put((item, future))
        except StopIteration:
            queue.put(None)
        except BaseException as error:  # noqa: BLE001 - a thread's border: the consumer raises it
            queue.put(error)
        finally:
            if (close := getattr(iterator, "close", None)) is not None:
                close()

    def next_one() -> tuple[Item, Future[Made]] | BaseException | None:
        while True:
            try:
                return queue.get(timeout=_LOOK_UP_S)
            except Empty:
                while_waiting()

    with ThreadPoolExecutor(threads, thread_name_prefix="ahead") as pool:
        feeder = threading.Thread(target=go_through, name="feed", daemon=True)
        feeder.start()
        try:
            while (taken := next_one()) is not None:
                if isinstance(taken, BaseException):
                    raise taken
                room.release()
                yield taken[0], taken[1].result()
        finally:
            ended.set()
            room.release()
            pool.shutdown(wait=False, cancel_futures=True)
            feeder.join(5)


class _Held:
    """The bytes of what is under way."""

    def __init__(self, ended: threading.Event) -> None:
        self._ended = ended
        self._bytes = 0
        self._change = threading.Condition()

    def take(self, size: int) -> None:
        """Wait until there is room; one item always has it."""
        with self._change:
            while self._bytes and self._bytes + size > _MOST_BYTES and not self._ended.is_set():
                self._change.wait(_LOOK_UP_S)
            self._bytes += size

    def give(self, size: int) -> None:
        """Make room."""
        with self._change:
            self._bytes -= size
            self._change.notify()
