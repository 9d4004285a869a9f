"""Which of a cube's three axes is the spectral one, by evidence that does not need names.

The strongest witness is the content. Take the main effects out of a cube (what depends on one axis alone), and count
the independent patterns along each axis, as the participation ratio of the eigenvalues of the unfolded cube: a scene
has a handful of materials, so its bands repeat few patterns, while its rows and columns show many. It holds for raw and
for band-wise normalised values alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import FormatError

CUBE_ORDERS: Final = ("HWB", "BHW", "HBW", "WHB", "BWH", "WBH")

_MAX_SAMPLES: Final = 64
_MIN_LENGTH: Final = 6


@dataclass(frozen=True)
class AxisReading:
    """Order of the axes, how sure it is (0 to 1), why, and the share of the evidence of each order."""

    order: str
    margin: float
    evidence: tuple[str, ...]
    alternatives: tuple[tuple[str, float], ...] = ()


def check_order(order: str, letters: str = "HWB") -> str:
    """The order in capitals.

    Raises:
        FormatError: It is no arrangement of the letters.
    """
    order = order.strip().upper()
    if sorted(order) != sorted(letters):
        raise FormatError(f'"{order[:20]}" is no order of axes.', code="hsi.axis_order", where="axis_order",
                          hint="Name rows, columns and bands in the file's order: HWB, BHW or HBW and so on."
                          if len(letters) == 3 else "Write HW or WH.")  # fmt: skip
    return order


def arrange(array: NDArray[Any], order: str) -> NDArray[Any]:
    """A view of a cube as (H, W, B), or of a mask as (H, W)."""
    return array.transpose([order.index(letter) for letter in "HWB"[: len(order)]])


def guess_order(
    shape: tuple[int, ...],
    content: NDArray[Any] | None,
    planes: list[tuple[int, ...]],
    wavelengths: set[int],
) -> AxisReading:
    """Which axis holds the bands.

    Args:
        shape: Of the cube.
        content: The cube, or None where it is too large to be looked at.
        planes: Shapes of arrays that look like masks.
        wavelengths: Lengths of lists that look like wavelengths.
    """
    points, reasons = [0.05, 0.0, 0.1], [["bands come first in some programs"], [], ["bands usually come last"]]
    for axis in range(3):
        plane = tuple(length for other, length in enumerate(shape) if other != axis)
        if plane in planes:
            points[axis] += 0.8
            reasons[axis].append(f"a mask has the shape of the two other axes, {plane[0]} x {plane[1]}")
        elif plane[::-1] in planes:
            points[axis] += 0.5
            reasons[axis].append(f"a mask has the shape of the two other axes turned, {plane[1]} x {plane[0]}")
        if shape[axis] in wavelengths:
            points[axis] += 0.6
            reasons[axis].append(f"the list of wavelengths has {shape[axis]} values")
        if plane[0] == plane[1] != shape[axis]:
            points[axis] += 0.2
            reasons[axis].append("the two other axes are equally long")
    for axis, (more, why) in enumerate(_content_points(content)):
        points[axis] += more
        if why:
            reasons[axis].append(why)
    ranked = sorted(range(3), key=lambda axis: -points[axis])
    best = ranked[0]
    names = ("BHW", "HBW", "HWB")
    order = names[best]
    shares = tuple((names[axis], points[axis] / max(sum(points), 1e-9)) for axis in ranked)
    margin = min(1.0, points[best] - points[ranked[1]])
    why = "; ".join(reasons[best]) or "nothing speaks for another axis"
    return AxisReading(
        order, margin, (f"Axis {best + 1} of 3 ({shape[best]:,} values) holds the bands: {why}.",), shares
    )


def _content_points(content: NDArray[Any] | None) -> list[tuple[float, str]]:
    if content is None or min(content.shape) < _MIN_LENGTH:
        return [(0.0, "")] * 3
    patterns = independent_patterns(content)
    if patterns is None:
        return [(0.0, "")] * 3
    least, second = sorted(patterns)[:2]
    best = patterns.index(least)
    others = " and ".join(f"{value:.1f}" for axis, value in enumerate(patterns) if axis != best)
    why = f"values along it repeat {least:.1f} independent patterns, along the others {others}"
    return [(0.8 * (1 - least / second), why) if axis == best else (0.0, "") for axis in range(3)]


def independent_patterns(content: NDArray[Any]) -> list[float] | None:
    """Participation ratio of the eigenvalues along each axis; None where the sampled values are all alike."""
    picks = [np.unique(np.linspace(0, length - 1, min(length, _MAX_SAMPLES)).astype(int)) for length in content.shape]
    sample = np.stack([np.asarray(content[row][np.ix_(picks[1], picks[2])], np.float64) for row in picks[0]])
    finite = np.isfinite(sample)
    if not finite.any():
        return None
    sample = np.where(finite, sample, sample[finite].mean())
    scale = np.abs(sample).max()
    sample /= scale if scale > 0 else 1.0
    effects = [sample.mean(axis=axes, keepdims=True) for axes in ((1, 2), (0, 2), (0, 1))]
    sample = sample - effects[0] - effects[1] - effects[2] + 2 * sample.mean()
    if float(np.abs(sample).max()) < 1e-12:
        return None
    ratios = []
    for axis in range(3):
        unfolded = np.moveaxis(sample, axis, 0).reshape(sample.shape[axis], -1)
        values = np.clip(np.linalg.eigvalsh(unfolded @ unfolded.T), 0.0, None)
        ratios.append(float(values.sum() ** 2 / np.square(values).sum()))
    return ratios
