"""Values of training steps: kept on the device until somebody wants to see them, checked, and averaged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ml_core.engine.task import Step


@dataclass(frozen=True)
class Row:
    """Values of one batch. ``step`` is the optimizer step it belonged to, ``batch`` its position in the epoch."""

    step: int
    batch: int
    size: int
    values: dict[str, float]


class StepLog:
    """Collects without waiting for the device: nothing is read before ``flush``, and then all of it at once.

    The sums of the running epoch are Python numbers, so a checkpoint holds them exactly.
    """

    def __init__(self) -> None:
        self._pending: list[tuple[int, int, int, tuple[str, ...], list[Tensor]]] = []
        self.sums: dict[str, float] = {}
        self.weights: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, prefix: str, step: int, batch: int, result: Step) -> None:
        """Note what one batch gave; ``prefix`` tells parts of a task apart."""
        names = (f"{prefix}loss", *(f"{prefix}{name}" for name in result.metrics))
        values = [result.loss.detach(), *result.metrics.values()]
        self._pending.append((step, batch, result.size, names, values))

    def flush(self) -> list[Row]:
        """Read all noted values (one wait for the device), add them to the epoch's sums, and return them."""
        if not self._pending:
            return []
        flat = torch.stack([value.float() for *_, values in self._pending for value in values]).tolist()
        rows, start = [], 0
        for step, batch, size, names, values in self._pending:
            row = Row(step, batch, size, dict(zip(names, flat[start : start + len(values)], strict=True)))
            start += len(values)
            rows.append(row)
            for name, value in row.values.items():
                self.sums[name] = self.sums.get(name, 0.0) + value * size
                self.weights[name] = self.weights.get(name, 0.0) + size
        self._pending.clear()
        return rows

    def means(self) -> dict[str, float]:
        """Means over the samples of the epoch so far."""
        return {name: self.sums[name] / self.weights[name] for name in self.sums}

    def clear(self) -> None:
        """Begin a new epoch."""
        self.sums.clear()
        self.weights.clear()

    def state(self) -> dict[str, Any]:
        """Sums of the running epoch."""
        return {"sums": dict(self.sums), "weights": dict(self.weights)}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take back what ``state`` gave."""
        self.sums, self.weights = dict(state["sums"]), dict(state["weights"])


def first_non_finite(rows: list[Row]) -> tuple[Row, str] | None:
    """The first row whose loss is no number, and the name of that loss."""
    for row in rows:
        for name, value in row.values.items():
            if name.endswith("loss") and not math.isfinite(value):
                return row, name
    return None
