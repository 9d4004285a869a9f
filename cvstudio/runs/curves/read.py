"""Reads curves of a run and thins them to what a screen can show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction

from cvstudio.runs.curves.fold import Curve, pack
from cvstudio.runs.models import CurveBlock, Run, RunEvent

if TYPE_CHECKING:
    import numpy as np

MAX_POINTS = 2_000


@dataclass(frozen=True)
class CurveWindow:
    """What part of which curves is asked for.

    Attributes:
        names: Curves as ``phase/name`` or ``name``; all when empty.
        scope: ``step`` or ``epoch``; both when empty.
        first: Lowest step, or ``None``.
        last: Highest step, or ``None``.
        points: How many points a curve may have at most.
    """

    names: Collection[str] = ()
    scope: str = ""
    first: int | None = None
    last: int | None = None
    points: int = MAX_POINTS

    def takes(self, curve: Curve) -> bool:
        """Whether the curve is asked for."""
        is_named = not self.names or curve.name in self.names or f"{curve.phase}/{curve.name}" in self.names
        return is_named and self.scope in ("", curve.scope)


def read_curves(run_id: UUID, window: CurveWindow) -> list[dict[str, Any]]:
    """The curves of a run, each with at most ``window.points`` points.

    A curve with more points is cut into buckets of equally many points; each keeps the smallest and the largest
    value besides its last point, so that no spike is lost however far one zooms out.

    Returns:
        One entry per curve: ``name``, ``phase``, ``scope``, ``count`` (points in the window), ``bucketed``,
        and the lists ``steps``, ``values`` (the last of each bucket), ``min`` and ``max``. A value that is not
        finite is ``None``.
    """
    blocks = _blocks(run_id, window)
    return [_thin(curve, blocks[curve], window) for curve in sorted(blocks) if blocks[curve]]


def _blocks(run_id: UUID, window: CurveWindow) -> dict[Curve, list[tuple[bytes, bytes]]]:
    """Packed points of each curve in order: the stored blocks, then the events that are in none yet."""
    stored = CurveBlock.objects.filter(run_id=run_id)
    if window.scope:
        stored = stored.filter(scope=window.scope)
    if window.names:
        stored = stored.filter(name__in={name.rpartition("/")[2] for name in window.names} | set(window.names))
    if window.first is not None:
        stored = stored.filter(last_step__gte=window.first)
    if window.last is not None:
        stored = stored.filter(first_step__lte=window.last)
    with transaction.atomic():  # blocks and the number up to which they reach belong together
        folded = Run.objects.values_list("folded_seq", flat=True).get(id=run_id)
        rows = list(stored.order_by("id").values_list("scope", "phase", "name", "steps", "values"))
        recent = RunEvent.objects.filter(run_id=run_id, kind="metric", seq__gt=folded).order_by("seq")
        tail = pack(run_id, recent.values_list("data", flat=True))
    rows += [(block.scope, block.phase, block.name, block.steps, block.values) for block in tail]
    found: dict[Curve, list[tuple[bytes, bytes]]] = defaultdict(list)
    for scope, phase, name, steps, values in rows:
        curve = Curve(scope, phase, name)
        if window.takes(curve):
            found[curve].append((bytes(steps), bytes(values)))
    return found


def _thin(curve: Curve, blocks: list[tuple[bytes, bytes]], window: CurveWindow) -> dict[str, Any]:
    import numpy as np

    steps = np.frombuffer(b"".join(block[0] for block in blocks), dtype="<i8")
    values = np.frombuffer(b"".join(block[1] for block in blocks), dtype="<f8")
    low = steps.min(initial=0) if window.first is None else window.first
    high = steps.max(initial=0) if window.last is None else window.last
    inside = (steps >= low) & (steps <= high)
    if not inside.all():
        steps, values = steps[inside], values[inside]
    count = len(steps)
    bucketed = count > window.points
    lowest = highest = values
    if bucketed:
        edges = np.linspace(0, count, window.points + 1).astype(np.int64)
        lowest, highest = np.fmin.reduceat(values, edges[:-1]), np.fmax.reduceat(values, edges[:-1])
        steps, values = steps[edges[1:] - 1], values[edges[1:] - 1]
    return {
        "name": curve.name,
        "phase": curve.phase,
        "scope": curve.scope,
        "count": count,
        "bucketed": bucketed,
        "steps": steps.tolist(),
        "values": _plain(values),
        "min": _plain(lowest),
        "max": _plain(highest),
    }


def _plain(numbers: np.ndarray[Any, np.dtype[np.float64]]) -> list[float | None]:
    """JSON has no NaN and no infinity."""
    import numpy as np

    finite = np.isfinite(numbers)
    if finite.all():
        return list(numbers.tolist())
    return [number if good else None for number, good in zip(numbers.tolist(), finite.tolist(), strict=True)]
