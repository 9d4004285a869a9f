"""Shapes in forms that hold less: several polygons as one, and the area of polygons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_MAX_PAIRS: Final = 10_000_000


def join_rings(rings: Sequence[Sequence[float]]) -> list[float]:
    """One ring that visits all rings, going over by the shortest bridge and back the same way.

    The area stays: a bridge has no width. A single ring is returned as it is.
    """
    joined = np.array(rings[0], dtype=np.float64).reshape(-1, 2)
    if len(rings) == 1:
        return [float(value) for value in rings[0]]
    for ring in rings[1:]:
        points = np.array(ring, dtype=np.float64).reshape(-1, 2)
        here, there = _nearest(joined, points)
        visit = np.concatenate([points[there:], points[: there + 1]])
        joined = np.concatenate([joined[: here + 1], visit, joined[here:]])
    return [float(value) for value in joined.ravel()]


def _nearest(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[int, int]:
    """Which point of each is nearest to the other; the first ones where there are too many to compare all."""
    if len(one) * len(other) > _MAX_PAIRS:
        return 0, 0
    distances = np.square(one[:, None, :] - other[None, :, :]).sum(axis=2)
    here, there = np.unravel_index(int(distances.argmin()), distances.shape)
    return int(here), int(there)


def polygon_area(rings: Sequence[Sequence[float]]) -> float:
    """Sum of the areas of the rings (Gauss's trapezoid formula)."""
    total = 0.0
    for ring in rings:
        points = np.array(ring, dtype=np.float64).reshape(-1, 2)
        following = np.roll(points, -1, axis=0)
        total += abs(float((points[:, 0] * following[:, 1] - following[:, 0] * points[:, 1]).sum())) / 2
    return total
