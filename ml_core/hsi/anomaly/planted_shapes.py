"""Shapes of planted targets: compact things of any size up to a limit, with soft edges; and long ones to be ignored."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Generator = np.random.Generator
Points = NDArray[np.float64]
Outline = Callable[[Points, Points], NDArray[np.bool_]]  # (rows, columns) to whether they lie inside
_FINE = 4  # points per pixel in each direction: coverage in steps of a sixteenth


def target_coverage(area: float, rng: Generator) -> NDArray[np.float32]:
    """How much of each pixel a random compact shape covers.

    Args:
        area: Wished area in pixels; may be less than 1.
        rng: Draws the kind of shape, its elongation, direction and place within a pixel.

    Returns:
        (h, w) float32 in 0..1, just large enough.
    """
    inside = [_ellipse, _bars, _polygon][rng.integers(3)](area, rng)
    reach = int(np.ceil(2.5 * np.sqrt(area))) + 2
    return _sample(inside, reach, rng)


def line_coverage(length: float, width: float, rng: Generator) -> NDArray[np.float32]:
    """How much of each pixel a long straight bar covers, such as a road."""
    angle = rng.uniform(0, np.pi)

    def inside(y: Points, x: Points) -> NDArray[np.bool_]:
        along, across = _turned(y, x, angle)
        return np.asarray((np.abs(along) <= length / 2) & (np.abs(across) <= width / 2))

    return _sample(inside, int(np.ceil(length / 2)) + 2, rng)


def _sample(inside: Outline, reach: int, rng: Generator) -> NDArray[np.float32]:
    line = (np.arange(-reach * _FINE, (reach + 1) * _FINE) + 0.5) / _FINE
    y, x = np.meshgrid(line + rng.uniform(-0.5, 0.5), line + rng.uniform(-0.5, 0.5), indexing="ij")
    side = 2 * reach + 1
    covered = np.asarray(inside(y, x), dtype=np.float32).reshape(side, _FINE, side, _FINE).mean(axis=(1, 3))
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    if not rows.size:  # smaller than the distance of the points: it still is somewhere
        return np.full((1, 1), 1.0 / _FINE**2, np.float32)
    found: NDArray[np.float32] = covered[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return found


def _turned(y: Points, x: Points, angle: float) -> tuple[Points, Points]:
    cosine, sine = np.cos(angle), np.sin(angle)
    return cosine * x + sine * y, cosine * y - sine * x


def _ellipse(area: float, rng: Generator) -> Outline:
    ratio, angle = np.exp(rng.uniform(0, np.log(4.0))), rng.uniform(0, np.pi)
    short = np.sqrt(area / (np.pi * ratio))

    def inside(y: Points, x: Points) -> NDArray[np.bool_]:
        along, across = _turned(y, x, angle)
        return np.asarray((along / (short * ratio)) ** 2 + (across / short) ** 2 <= 1.0)

    return inside


def _bars(area: float, rng: Generator) -> Outline:
    """Two bars that cross, as wings and fuselage do, or one."""
    count = int(rng.integers(1, 3))
    ratio = np.exp(rng.uniform(0, np.log(4.0)))
    width = np.sqrt(area / (ratio * (1.5 if count == 2 else 1.0)))
    first = rng.uniform(0, np.pi)
    angles = [first, first + np.pi / 2][:count]
    shifts = rng.uniform(-0.25, 0.25, count) * width * ratio

    def inside(y: Points, x: Points) -> NDArray[np.bool_]:
        found = np.zeros(y.shape, dtype=bool)
        for angle, shift in zip(angles, shifts, strict=True):
            along, across = _turned(y, x, angle)
            found |= (np.abs(along - shift) <= width * ratio / 2) & (np.abs(across) <= width / 2)
        return found

    return inside


def _polygon(area: float, rng: Generator) -> Outline:
    """A star-shaped outline whose radius changes smoothly with the direction."""
    waves = np.arange(2, 5)
    sizes, phases = rng.normal(0, 0.25, waves.size) / (waves - 1), rng.uniform(0, 2 * np.pi, waves.size)
    radius = np.sqrt(area / np.pi)

    def inside(y: Points, x: Points) -> NDArray[np.bool_]:
        angle = np.arctan2(y, x)
        outline = 1.0 + (sizes * np.cos(waves * angle[..., None] + phases)).sum(axis=-1)
        return np.asarray(np.hypot(y, x) <= radius * np.clip(outline, 0.3, 2.0))

    return inside
