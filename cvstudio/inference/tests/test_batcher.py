"""Requests that come together share a forward pass; one that comes alone never waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from cvstudio.inference.serving.batcher import Batcher


class Passes:
    """Notes batches; each waits for the gate, as a forward pass takes its time."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.gate = threading.Event()
        if is_open:
            self.gate.set()
        self.done: list[tuple[Hashable, list[int]]] = []
        self.beside: list[int] = []
        self.entered = threading.Semaphore(0)
        self.left = threading.Semaphore(0)

    def __call__(self, key: Hashable, items: list[int], beside: int) -> None:
        self.beside.append(beside)
        self.entered.release()
        assert self.gate.wait(10)
        self.done.append((key, items))
        self.left.release()

    def wait(self, count: int) -> None:
        """Until so many passes have ended."""
        for _ in range(count):
            assert self.left.acquire(timeout=10)


@contextmanager
def batching(passes: Passes, max_wait_s: float = 5.0, lanes: int = 1) -> Iterator[Batcher[int]]:
    batcher: Batcher[int] = Batcher(passes, max_batch=4, max_wait_s=max_wait_s, lanes=lanes)
    batcher.start()
    try:
        yield batcher
    finally:
        passes.gate.set()
        batcher.close()


def put(batcher: Batcher[int], key: Hashable, *items: int) -> None:
    for item in items:
        batcher.expect(key)
        batcher.put(key, item)


def test_an_item_alone_does_not_wait() -> None:
    passes = Passes()
    with batching(passes, max_wait_s=60) as batcher:
        put(batcher, "a", 1)
        passes.wait(1)
    assert passes.done == [("a", [1])]


def test_items_that_came_during_a_pass_share_the_next_one_in_order() -> None:
    passes = Passes(is_open=False)
    with batching(passes) as batcher:
        put(batcher, "a", 0)
        assert passes.entered.acquire(timeout=10)
        put(batcher, "a", 1, 2, 3, 4, 5, 6)
        passes.gate.set()
        passes.wait(3)
    assert passes.done == [("a", [0]), ("a", [1, 2, 3, 4]), ("a", [5, 6])]


def test_a_ready_item_waits_for_one_that_is_being_decoded() -> None:
    passes = Passes()
    with batching(passes, max_wait_s=60) as batcher:
        batcher._lanes.clear()
        batcher.expect("a")
        batcher.expect("a")
        batcher._lanes["a"].forward_s = 120.0  # a pass so slow that waiting a minute is worth it
        batcher.put("a", 1)
        assert not passes.left.acquire(timeout=0.05)
        batcher.put("a", 2)
        passes.wait(1)
    assert passes.done == [("a", [1, 2])]


def test_waiting_ends_when_the_other_one_turns_out_to_be_damaged() -> None:
    passes = Passes()
    with batching(passes, max_wait_s=60) as batcher:
        batcher.expect("a")
        batcher.expect("a")
        batcher._lanes["a"].forward_s = 120.0
        batcher.put("a", 1)
        batcher.withdraw("a")
        passes.wait(1)
    assert passes.done == [("a", [1])]


def test_waiting_has_an_end() -> None:
    passes = Passes()
    with batching(passes, max_wait_s=0.02) as batcher:
        batcher.expect("a")
        batcher.expect("a")
        began = time.monotonic()
        batcher.put("a", 1)
        passes.wait(1)
        assert time.monotonic() - began < 5
        batcher.withdraw("a")


def test_models_do_not_share_a_pass_and_the_longest_waiting_comes_first() -> None:
    passes = Passes(is_open=False)
    with batching(passes) as batcher:
        put(batcher, "a", 0)
        assert passes.entered.acquire(timeout=10)
        put(batcher, "b", 1)
        put(batcher, "a", 2)
        put(batcher, "b", 3)
        passes.gate.set()
        passes.wait(3)
    assert passes.done == [("a", [0]), ("b", [1, 3]), ("a", [2])]


def test_a_pass_alone_may_take_the_whole_machine_and_one_beside_another_its_part() -> None:
    passes = Passes(is_open=False)
    with batching(passes, lanes=2) as batcher:
        put(batcher, "a", 1)
        assert passes.entered.acquire(timeout=10)
        put(batcher, "a", 2)
        assert passes.entered.acquire(timeout=10)  # runs beside the first one
        put(batcher, "a", 3)
        passes.gate.set()
        passes.wait(3)
    assert passes.beside[:2] == [1, 2]
    assert sorted(items for _, items in passes.done) == [[1], [2], [3]]


def test_closing_runs_what_is_ready() -> None:
    passes = Passes(is_open=False)
    with batching(passes) as batcher:
        put(batcher, "a", 0)
        assert passes.entered.acquire(timeout=10)
        put(batcher, "a", 1, 2)
    assert passes.done == [("a", [0]), ("a", [1, 2])]


def test_models_of_the_past_are_forgotten() -> None:
    passes = Passes()
    with batching(passes) as batcher:
        for number in range(200):
            put(batcher, number, 1)
        passes.wait(200)
    assert len(batcher._lanes) <= 65
