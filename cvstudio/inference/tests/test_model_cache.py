"""Models stay loaded within a budget of bytes; the least recently used one goes first."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cvstudio.inference.serving.model_cache import ModelCache


def test_the_least_recently_used_model_goes_first() -> None:
    evictions: list[int] = []
    cache: ModelCache[str] = ModelCache(100, lambda: evictions.append(1))
    for key in ("a", "b"):
        cache.load(key, 40, lambda key=key: key.upper())  # type: ignore[misc]
    assert cache.peek("a") == "A"
    cache.load("c", 40, lambda: "C")
    assert cache.keys() == ["a", "c"] and evictions == [1]


def test_a_model_over_the_budget_is_kept_alone() -> None:
    cache: ModelCache[str] = ModelCache(100)
    cache.load("small", 10, lambda: "s")
    cache.load("huge", 1000, lambda: "h")
    assert cache.keys() == ["huge"]
    cache.load("small", 10, lambda: "s")
    assert cache.keys() == ["small"]


def test_room_is_made_before_the_load() -> None:
    cache: ModelCache[str] = ModelCache(100)
    cache.load("a", 80, lambda: "A")
    seen: list[object] = []
    cache.load("b", 80, lambda: seen.append(cache.keys()) or "B")  # type: ignore[func-returns-value]
    assert seen == [[]]


def test_a_failed_load_is_not_kept_and_can_be_tried_again() -> None:
    cache: ModelCache[str] = ModelCache(100)

    def fail() -> str:
        raise ValueError("damaged")

    with pytest.raises(ValueError, match="damaged"):
        cache.load("a", 10, fail)
    assert cache.peek("a") is None
    assert cache.load("a", 10, lambda: "A") == "A"


def test_many_who_want_the_same_model_load_it_once() -> None:
    cache: ModelCache[str] = ModelCache(100)
    loads: list[int] = []
    together = threading.Barrier(8)

    def load() -> str:
        together.wait(5)
        return cache.load("a", 10, lambda: loads.append(1) or "A")  # type: ignore[func-returns-value]

    with ThreadPoolExecutor(8) as pool:
        answers = [future.result() for future in [pool.submit(load) for _ in range(8)]]
    assert answers == ["A"] * 8 and loads == [1]
