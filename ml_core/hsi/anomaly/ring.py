"""How far a pixel's spectrum is from the nearest spectra around it: one-class nearest neighbours in a ring.

A guard keeps the target itself out of its surroundings, as in dual-window detectors, so each ring serves targets up to
the size of its guard. The background is modelled by its nearest samples, not by a covariance: a border between two
materials is no surprise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Maps = NDArray[np.float32]

_ROWS = 32  # computed at a time, so that the distances to all samples fit into the caches


@dataclass(frozen=True)
class Ring:
    """A square ring: pixels farther than ``guard // 2`` and at most ``window // 2`` away in rows or columns.

    Attributes:
        guard: Side of the hole, odd.
        window: Outer side, odd.
        step: Every ``step``-th pixel in rows and columns is a sample.
    """

    guard: int
    window: int
    step: int = 1

    def offsets(self) -> list[tuple[int, int]]:
        """Samples as (row, column) from the centre."""
        inner, reach = self.guard // 2, (self.window // 2) // self.step * self.step
        line = range(-reach, reach + 1, self.step)
        return [(row, column) for row in line for column in line if max(abs(row), abs(column)) > inner]


def ring_distances(coordinates: Maps, rings: Sequence[Ring], neighbours: int = 5, rows: slice = slice(None)) -> Maps:
    """Mean distance to the nearest pixels of each ring.

    Args:
        coordinates: (H, W, C) float32.
        rings: One map for each.
        neighbours: How many nearest pixels are averaged; fewer where a ring holds fewer.
        rows: Which rows are wanted; the others are read where rings reach into them.

    Returns:
        (rings, rows, W) float32; 0 where a ring lies wholly outside the scene.
    """
    start, stop, _ = rows.indices(coordinates.shape[0])
    found = np.empty((len(rings), stop - start, coordinates.shape[1]), np.float32)
    for number, ring in enumerate(rings):
        for first in range(start, stop, _ROWS):
            last = min(first + _ROWS, stop)
            found[number, first - start : last - start] = _distance(coordinates, ring, neighbours, first, last)
    return found


def _distance(coordinates: Maps, ring: Ring, neighbours: int, first: int, last: int) -> Maps:
    """(rows, W) of the rows from ``first`` to before ``last``."""
    height, width, channels = coordinates.shape
    reach = ring.window // 2
    top, bottom = max(first - reach, 0), min(last + reach, height)
    # Beyond the border everything is infinitely far.
    values = torch.full((channels, last - first + 2 * reach, width + 2 * reach), torch.inf)
    given = torch.from_numpy(np.ascontiguousarray(coordinates[top:bottom].transpose(2, 0, 1)))
    values[:, top - first + reach : bottom - first + reach, reach : reach + width] = given
    own = values[:, reach : reach + last - first, reach : reach + width]
    offsets = ring.offsets()
    squares = torch.empty(len(offsets), last - first, width)
    for square, (row, column) in zip(squares, offsets, strict=True):
        above, left = reach + row, reach + column
        difference = own - values[:, above : above + last - first, left : left + width]
        torch.sum(difference.square_(), 0, out=square)
    return _mean_of_nearest(squares, neighbours).numpy()


def _mean_of_nearest(squares: Tensor, neighbours: int) -> Tensor:
    nearest = squares.topk(min(neighbours, len(squares)), dim=0, largest=False).values
    inside = torch.isfinite(nearest)
    total = torch.where(inside, nearest, 0.0).sqrt().sum(0)
    return total / inside.sum(0).clamp(min=1)
