"""Dual windows: the ring of background between a guard square and an outer square about every pixel.

At the border both squares are moved inwards until they lie in the scene, so that every pixel has the same number of
different background pixels. Mirroring the scene instead repeats some of them, and cutting the squares leaves too few.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml_core.hsi.classic.detector import DetectorError, Floats, Integers


@dataclass(frozen=True)
class Axis:
    """The windows along one side of the scene.

    Attributes:
        length: Pixels along the side.
        inner: Side of the guard, at most ``length``.
        outer: Side of the outer window, at most ``length``.
    """

    length: int
    inner: int
    outer: int

    def guard_starts(self, start: int, stop: int) -> Integers:
        """First pixel of the guard of each pixel from ``start`` to ``stop``."""
        return _starts(start, stop, self.inner, self.length)

    def outer_starts(self, start: int, stop: int) -> Integers:
        """First pixel of the outer window of each pixel from ``start`` to ``stop``."""
        return _starts(start, stop, self.outer, self.length)


def _starts(start: int, stop: int, side: int, length: int) -> Integers:
    return np.clip(np.arange(start, stop) - side // 2, 0, length - side)


def axes_of(height: int, width: int, inner: int, outer: int, least: int) -> tuple[Axis, Axis]:
    """The windows of a scene; a scene smaller than the outer window is its own outer window.

    Raises:
        DetectorError: ``hsi.scene_small`` when fewer than ``least`` background pixels remain outside the guard.
    """
    rows, columns = (Axis(length, min(inner, length), min(outer, length)) for length in (height, width))
    background = rows.outer * columns.outer - rows.inner * columns.inner
    if background < least:
        raise DetectorError(
            f"The windows leave {background} background pixels in a scene of {height} x {width}, {least} are needed.",
            code="hsi.scene_small",
            hint="Make the inner window smaller or the outer one larger, or use fewer components or another method.",
        )
    return rows, columns


def box_sums(values: Floats, side: int, axis: int) -> Floats:
    """Sums over ``side`` neighbours along an axis, which gets shorter by ``side`` - 1.

    Sums of 2, 4, 8... neighbours are joined, so that a sum never depends on what lies outside of it; running sums would
    make the last bits of a tile differ from those of the whole scene.
    """
    values = np.moveaxis(values, axis, 0)
    length = len(values) - side + 1
    result = None
    done, width, partial = 0, 1, values
    while True:
        if side & width:
            piece = partial[done : done + length]
            result = piece.copy() if result is None else result + piece
            done += width
        if done == side:
            break
        partial = partial[:-width] + partial[width:]
        width *= 2
    assert result is not None
    return np.moveaxis(result, 0, axis)
