"""Packs metric events into blocks while a run goes on.

A curve of 100,000 points as single events takes seconds to read; as 200 blocks it takes milliseconds. The events
stay the truth: blocks hold the same points up to ``Run.folded_seq``, and readers add the events after it.
"""

from __future__ import annotations

import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from cvstudio.runs.models import CurveBlock, Run, RunEvent

FOLD_AT = 512


class Curve(NamedTuple):
    """Which curve a point belongs to."""

    scope: str
    phase: str
    name: str


class Folder:
    """Collects the metric events of one run and writes them as blocks, some hundred at a time."""

    def __init__(self, run: Run) -> None:
        self._run_id = run.id
        self._waiting: list[tuple[int, dict[str, Any]]] = list(
            RunEvent.objects.filter(run_id=run.id, kind="metric", seq__gt=run.folded_seq)
            .order_by("seq")
            .values_list("seq", "data")
        )
        self._next = self._waiting

    def add(self, events: Iterable[tuple[int, dict[str, Any]]]) -> None:
        """Take in metric events with their numbers, inside the transaction that stores them. Writes when full."""
        self._next = [*self._waiting, *events]
        if len(self._next) < FOLD_AT:
            return
        CurveBlock.objects.bulk_create(pack(self._run_id, [data for _, data in self._next]), batch_size=200)
        Run.objects.filter(id=self._run_id).update(folded_seq=self._next[-1][0])
        self._next = []

    def commit(self) -> None:
        """Call when that transaction is through; when it is not, the next call brings the same events again."""
        self._waiting = self._next


def pack(run_id: UUID, metrics: Iterable[dict[str, Any]]) -> list[CurveBlock]:
    """Blocks for metric data in the order of their events, one per curve."""
    steps: dict[Curve, array[int]] = defaultdict(lambda: array("q"))
    values: dict[Curve, array[float]] = defaultdict(lambda: array("d"))
    for data in metrics:
        for name, value in data["values"].items():
            curve = Curve(data["scope"], data["phase"], name)
            steps[curve].append(int(data["step"]))
            values[curve].append(float(value))  # also reads "NaN" and "Infinity"
    return [
        CurveBlock(
            run_id=run_id,
            scope=curve.scope,
            phase=curve.phase,
            name=curve.name,
            first_step=min(steps[curve]),
            last_step=max(steps[curve]),
            count=len(steps[curve]),
            steps=_little_endian(steps[curve]),
            values=_little_endian(values[curve]),
        )
        for curve in steps
    ]


def _little_endian(numbers: array[Any]) -> bytes:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()
