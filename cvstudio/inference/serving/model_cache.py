"""Loaded models, the least recently used ones given up when their weights exceed a budget."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Model = TypeVar("Model")


@dataclass
class _Entry(Generic[Model]):
    model: Model
    size_bytes: int


class ModelCache(Generic[Model]):
    """Models by key, bounded by the bytes of their weights. Safe to use from several threads.

    Args:
        budget_bytes: Weights kept loaded. One model alone may exceed it: it is then kept until the next one comes.
        on_evict: Called after models were given up, to return memory to the device.
    """

    def __init__(self, budget_bytes: int, on_evict: Callable[[], None] = lambda: None) -> None:
        self._budget_bytes = budget_bytes
        self._on_evict = on_evict
        self._entries: OrderedDict[Hashable, _Entry[Model]] = OrderedDict()
        self._lock = threading.Lock()
        self._loading = threading.Lock()

    def peek(self, key: Hashable) -> Model | None:
        """The model when it is loaded; counts as a use. Never waits for a load."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry.model

    def load(self, key: Hashable, size_bytes: int, loader: Callable[[], Model]) -> Model:
        """The model, loaded by ``loader`` when it is not there yet. Loads go one after another.

        Room is made before the load, so that old and new weights do not lie in memory together.

        Raises:
            Exception: Whatever ``loader`` raises; nothing is kept then.
        """
        with self._loading:
            known = self.peek(key)
            if known is not None:
                return known
            self._make_room(size_bytes)
            model = loader()
            with self._lock:
                self._entries[key] = _Entry(model, size_bytes)
            return model

    def clear(self) -> None:
        """Give up every model."""
        with self._lock:
            self._entries.clear()
        self._on_evict()

    def keys(self) -> list[Hashable]:
        """The loaded models, least recently used first."""
        with self._lock:
            return list(self._entries)

    def _make_room(self, size_bytes: int) -> None:
        evicted = False
        with self._lock:
            held = sum(entry.size_bytes for entry in self._entries.values())
            while self._entries and held + size_bytes > self._budget_bytes:
                _, entry = self._entries.popitem(last=False)
                held -= entry.size_bytes
                evicted = True
        if evicted:
            self._on_evict()
