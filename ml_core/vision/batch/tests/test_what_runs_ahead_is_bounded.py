"""Work runs ahead within a number of items and of bytes, and ends when its consumer does."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ml_core.vision.batch import ahead
from ml_core.vision.batch.ahead import work_ahead

SIZE, ITEMS = 40, 20


def nothing() -> None:
    """There is nothing to look at."""


@pytest.mark.parametrize(("bound", "most"), [(100, 3), (10, 2), (10**6, 10)])
def test_large_items_wait_for_those_before_them(monkeypatch: pytest.MonkeyPatch, bound: int, most: int) -> None:
    monkeypatch.setattr(ahead, "_MOST_BYTES", bound)
    gate, made = threading.Event(), []

    def items() -> Iterator[int]:
        for number in range(ITEMS):
            made.append(number)
            yield number

    def work(number: int) -> int:
        assert gate.wait(10)
        return number

    begun: list[int] = []

    def open_gate() -> None:
        begun.append(len(made))
        gate.set()

    threading.Timer(0.3, open_gate).start()
    found = list(work_ahead(items(), work, threads=8, ahead=8, while_waiting=nothing, size_of=lambda _: SIZE))
    assert found == [(number, number) for number in range(ITEMS)]
    assert 0 < begun[0] <= most  # one more than there is room for: it waits with what it holds


def test_the_end_of_the_consumer_ends_what_waits_for_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_MOST_BYTES", SIZE)
    gate, closed = threading.Event(), threading.Event()

    def items() -> Iterator[int]:
        try:
            yield from range(ITEMS)
        finally:
            closed.set()

    def work(number: int) -> bool:
        return number == 0 or gate.wait(1)

    working = work_ahead(items(), work, threads=1, ahead=8, while_waiting=nothing, size_of=lambda _: SIZE)
    assert next(working) == (0, True)
    working.close()
    assert closed.wait(5)
