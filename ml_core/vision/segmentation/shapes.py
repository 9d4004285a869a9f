"""Polygons as pixels. A pixel is inside when its centre is: the even-odd rule, exactly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Patch(NamedTuple):
    """Some pixels of an image.

    Attributes:
        window: Rows and columns of the image.
        inside: Which pixels of the window.
    """

    window: tuple[slice, slice]
    inside: NDArray[np.bool_]

    def paint(self, target: NDArray[np.int16], value: int) -> None:
        """Write a value into these pixels of a map of the image's size."""
        target[self.window][self.inside] = value


def fill_polygon(points: NDArray[np.float64], height: int, width: int) -> Patch | None:
    """The pixels of a closed polygon on an image; None where it covers no pixel's centre.

    The centre of the pixel in column x and row y is at (x + 0.5, y + 0.5). Edges that run there and back cancel, so
    that a hole that is tied to the outside by such a bridge stays a hole.

    Args:
        points: (K, 2) x and y in pixels; may lie beyond the image.
        height: Of the image.
        width: Of the image.
    """
    if len(points) < 3 or not np.isfinite(points).all():
        return None
    start, end = points, np.roll(points, -1, axis=0)
    # An edge crosses the rows whose centres lie between its ends.
    low, high = (
        np.clip(np.ceil(limit(start[:, 1], end[:, 1]) - 0.5), 0, height).astype(np.int64)
        for limit in (np.minimum, np.maximum)
    )
    counts = high - low
    if not counts.any():
        return None
    edge = np.repeat(np.arange(len(points)), counts)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts) + low[edge]
    along = (row + 0.5 - start[edge, 1]) / (end[edge, 1] - start[edge, 1])
    crossing = start[edge, 0] + along * (end[edge, 0] - start[edge, 0])
    column = np.clip(np.ceil(crossing - 0.5), 0, width).astype(np.int64)
    top, bottom, left, right = row.min(), row.max() + 1, column.min(), column.max()
    # Every crossing turns over all pixels to its right.
    turns = np.zeros((bottom - top, right - left + 1), dtype=np.int32)
    np.add.at(turns, (row - top, column - left), 1)
    inside = np.cumsum(turns[:, :-1], axis=1) % 2 == 1
    return Patch((slice(top, bottom), slice(left, right)), inside)


def polygon_area(points: NDArray[np.float64]) -> float:
    """Area in square pixels, by the shoelace formula."""
    x, y = points.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
