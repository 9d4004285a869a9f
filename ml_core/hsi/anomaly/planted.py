"""Targets planted in a scene nobody has labelled: what a detector can learn from without a mask.

Something small with a spectrum of its own is put where the scene has none. The scene itself says how targets do not
look: its edges, roads, roofs and texture are the negatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_core.hsi.anomaly.planted_shapes import line_coverage, target_coverage

Generator = np.random.Generator
Maps = NDArray[np.float32]

TARGET, BACKGROUND, UNDECIDED = 1, 0, -1
_MOST_GROUPS = 200


@dataclass(frozen=True)
class PlantSettings:
    """What is planted.

    Attributes:
        largest: Area of the largest targets, in pixels; sizes are log-uniform from one third of a pixel.
        share: About this share of the scene becomes target.
        distractors: Long lines and large fields of foreign spectra for each scene, to be taken for background.
        contrast: Size of the change in a wholly covered pixel, log-uniform, in units of the scene's texture.
    """

    largest: float = 150.0
    share: float = 0.03
    distractors: int = 2
    contrast: tuple[float, float] = (1.5, 50.0)


def plant(
    coordinates: Maps, foreign: Sequence[Maps], rng: Generator, settings: PlantSettings | None = None
) -> tuple[Maps, NDArray[np.int8]]:
    """Put random targets into a scene.

    Args:
        coordinates: (H, W, C) float32, half-whitened components.
        foreign: (N, C) spectra of other scenes in the same components; may be empty.
        rng: Draws everything.
        settings: Sizes and amounts.

    Returns:
        The scene with targets, and (H, W) int8: 1 target, 0 background, -1 neither (edges of targets).
    """
    settings = settings or PlantSettings()
    planted = coordinates.copy()
    labels = np.zeros(coordinates.shape[:2], np.int8)
    unit = _texture(coordinates)
    for _ in range(rng.poisson(settings.distractors)):
        _plant_distractor(planted, foreign, rng, unit)
    wanted = settings.share * rng.uniform(0.3, 1.7) * labels.size
    for _ in range(_MOST_GROUPS):
        if (labels == TARGET).sum() >= wanted:
            break
        area = np.exp(rng.uniform(np.log(1 / 3), np.log(settings.largest)))
        _plant_group(planted, labels, area, foreign, rng, settings, unit)
    return planted, labels


def _texture(coordinates: Maps) -> float:
    """Median distance between pixels two apart, the unit of contrast."""
    steps = [coordinates[2:] - coordinates[:-2], (coordinates[:, 2:] - coordinates[:, :-2]).swapaxes(0, 1)]
    distances = [np.linalg.norm(step, axis=2).ravel() for step in steps if step.size]
    return float(np.median(np.concatenate(distances))) if distances else 1.0


def _plant_group(
    planted: Maps,
    labels: NDArray[np.int8],
    area: float,
    foreign: Sequence[Maps],
    rng: Generator,
    settings: PlantSettings,
    unit: float,
) -> None:
    """One target, or the same several times: on a lattice, as parked things stand, or anywhere."""
    coverage = target_coverage(area, rng)
    room = max(1, int(settings.share * labels.size / max(float(coverage.sum()), 1.0)))
    kind = rng.integers(4)
    if kind == 0:
        places = _lattice(planted.shape[:2], coverage.shape, rng)[: min(room, 60)]
    else:
        count = min(room, int(rng.integers(2, 8))) if kind == 1 else 1
        places = [_anywhere(planted.shape[:2], rng) for _ in range(count)]
    row, column = places[0]
    local = planted[row % planted.shape[0], column % planted.shape[1]]
    change = _spectrum(planted, foreign, rng) - local
    contrast = unit * np.exp(rng.uniform(*np.log(settings.contrast)))
    change *= contrast / max(float(np.linalg.norm(change)), 1e-12)
    for row, column in places:
        shape = np.rot90(coverage, int(rng.integers(4))) if kind == 1 else coverage
        _put(planted, labels, shape, row, column, change, rng)


def _put(
    planted: Maps,
    labels: NDArray[np.int8],
    coverage: Maps,
    row: int,
    column: int,
    change: Maps,
    rng: Generator,
) -> None:
    """Add a change to what is there: replacing it would make targets smoother than any real surface."""
    rows, columns, part = _clip(planted.shape[:2], coverage, row, column)
    if not part.size or (labels[rows, columns] != BACKGROUND).any():
        return
    texture = 1.0 + rng.uniform(0.0, 0.4) * rng.standard_normal(part.shape).astype(np.float32)
    planted[rows, columns] += (part * texture)[..., None] * change
    own = labels[rows, columns]
    own[part > 0.05] = UNDECIDED
    own[part >= min(0.5, float(part.max()))] = TARGET


def _plant_distractor(planted: Maps, foreign: Sequence[Maps], rng: Generator, unit: float) -> None:
    """A line, or a field much larger than any target: foreign, but background."""
    height, width = planted.shape[:2]
    if rng.random() < 0.5:
        coverage = line_coverage(rng.uniform(0.6, 1.4) * max(height, width), rng.uniform(0.5, 4.0), rng)
    else:
        coverage = target_coverage(rng.uniform(0.06, 0.15) * height * width, rng)
    row, column = _anywhere((height, width), rng)
    rows, columns, part = _clip((height, width), coverage, row, column)
    change = _spectrum(planted, foreign, rng) - planted[row, column]
    change *= unit * np.exp(rng.uniform(0.0, np.log(10.0))) / max(float(np.linalg.norm(change)), 1e-12)
    planted[rows, columns] += part[..., None] * change


def _spectrum(planted: Maps, foreign: Sequence[Maps], rng: Generator) -> Maps:
    """Of elsewhere in the scene, of another scene, or in a direction that no scene has."""
    own = planted.reshape(-1, planted.shape[2])
    picked: Maps = own[rng.integers(len(own))].copy()
    kind = rng.integers(4)
    if kind == 0:
        return picked
    if kind == 1 and len(foreign):
        source = foreign[int(rng.integers(len(foreign)))]
        return np.array(source[rng.integers(len(source))])
    direction = rng.standard_normal(planted.shape[2], dtype=np.float32)
    if kind == 2:  # as strong in each component as the scene itself
        direction *= own.std(axis=0)
    found: Maps = picked + direction * np.float32(10 * np.abs(own).max())
    return found


def _anywhere(shape: tuple[int, ...], rng: Generator) -> tuple[int, int]:
    return int(rng.integers(shape[0])), int(rng.integers(shape[1]))


def _lattice(shape: tuple[int, ...], size: tuple[int, ...], rng: Generator) -> list[tuple[int, int]]:
    """Places in rows and columns within a part of the scene."""
    pitch = np.array(size) + rng.integers(2, 8, 2)
    count = rng.integers(2, 8, 2)
    row, column = _anywhere(shape, rng)
    return [(row + int(pitch[0]) * i, column + int(pitch[1]) * j) for i in range(count[0]) for j in range(count[1])]


def _clip(shape: tuple[int, ...], coverage: Maps, row: int, column: int) -> tuple[slice, slice, Maps]:
    """The part of a shape centred at (row, column) that lies in the scene."""
    top, left = row - coverage.shape[0] // 2, column - coverage.shape[1] // 2
    rows = slice(max(top, 0), max(min(top + coverage.shape[0], shape[0]), 0))
    columns = slice(max(left, 0), max(min(left + coverage.shape[1], shape[1]), 0))
    part = coverage[max(-top, 0) : max(rows.stop - top, 0), max(-left, 0) : max(columns.stop - left, 0)]
    return rows, columns, part
