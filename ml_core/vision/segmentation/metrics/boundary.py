"""Boundary F1: whether the outlines lie where they should (Csurka et al. 2013, BMVC, "What is a good evaluation
measure for semantic segmentation?"), with counts that can be pooled over images.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ml_core.vision.segmentation.truth import UNKNOWN, Map

_TOLERANCE = 0.0075  # of the image's diagonal, as in the paper
Flags = NDArray[np.bool_]


def tolerance(height: int, width: int) -> float:
    """How far apart outlines may lie, in pixels; at least one."""
    return max(1.0, _TOLERANCE * math.hypot(height, width))


def outline(classes: Map) -> Flags:
    """Pixels beside one of another class, up, down, left or right. Neither the frame nor unknown pixels count."""
    found = np.zeros(classes.shape, dtype=np.bool_)
    for one, other in (
        ((slice(1, None), slice(None)), (slice(None, -1), slice(None))),
        ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
    ):
        differs = (classes[one] != classes[other]) & (classes[one] != UNKNOWN) & (classes[other] != UNKNOWN)
        found[one] |= differs
        found[other] |= differs
    return found


def widen(points: Flags, radius: float) -> Flags:
    """Pixels at most ``radius`` from a point, by the straight distance between centres."""
    height, width = points.shape
    reach = int(radius)
    near = np.zeros_like(points)
    sums = np.zeros((height, width + 1), dtype=np.int32)
    np.cumsum(points, axis=1, out=sums[:, 1:])
    columns = np.arange(width)
    for down in range(reach + 1):
        across = int(math.sqrt(radius * radius - down * down))
        row = sums[:, np.minimum(columns + across + 1, width)] > sums[:, np.maximum(columns - across, 0)]
        near[down:] |= row[: height - down]
        if down:
            near[: height - down] |= row[down:]
    return near


def match_outlines(truth: Map, predicted: Map, labels: list[int]) -> NDArray[np.int64]:
    """Outlines of classes against each other.

    Args:
        truth: With `UNKNOWN` where nothing counts.
        predicted: Of the same size.
        labels: Classes to look at.

    Returns:
        (labels, 4): pixels of the predicted outline, those of them near the true one, pixels of the true outline,
        those of them near the predicted one.
    """
    radius = tolerance(*truth.shape)
    seen = np.where(truth == UNKNOWN, np.int16(UNKNOWN), predicted)
    true_lines, seen_lines = outline(truth), outline(seen)
    counts = np.zeros((len(labels), 4), dtype=np.int64)
    for row, label in enumerate(labels):
        true, found = true_lines & (truth == label), seen_lines & (seen == label)
        window = _window(true | found, math.ceil(radius))
        true, found = true[window], found[window]
        counts[row] = found.sum(), (found & widen(true, radius)).sum(), true.sum(), (true & widen(found, radius)).sum()
    return counts


def _window(points: Flags, margin: int) -> tuple[slice, slice]:
    """The smallest part of the image that holds all points and their surroundings."""
    rows, columns = np.flatnonzero(points.any(axis=1)), np.flatnonzero(points.any(axis=0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    return (
        slice(max(0, rows[0] - margin), rows[-1] + margin + 1),
        slice(max(0, columns[0] - margin), columns[-1] + margin + 1),
    )
