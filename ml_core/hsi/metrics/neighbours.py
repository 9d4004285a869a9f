"""The nearest background spectra of a pixel: what a strange pixel comes closest to, and where that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ml_core.hsi.metrics.counts import Floats, MetricError
from ml_core.hsi.metrics.spectra import Places, plain, read_spectra, spectral_angles
from ml_core.hsi.metrics.thresholds import quantile_threshold
from ml_core.hsi.scene import Scene

Measure = Literal["angle", "euclid"]

#: Places looked at first; a scene with more is looked at on a grid, and then fully around the best of it.
_MOST: Final = 20_000

#: Places of the grid around which all pixels are compared: more than are asked for, because the best need not lie
#: beside the best of the grid.
_SEEDS: Final = 40

#: Share of a map's pixels that is not background.
_ANOMALOUS: Final = 0.01


@dataclass(frozen=True)
class Neighbour:
    """A background pixel that looks like the one asked about.

    Attributes:
        row, column: From 0.
        distance: Spectral angle in degrees, or Euclidean distance in the cube's units.
        values: (B,) its spectrum, None where a band is missing.
    """

    row: int
    column: int
    distance: float
    values: list[float | None]


def nearest_background(
    scene: Scene | NDArray[Any],
    row: int,
    column: int,
    *,
    scores: NDArray[Any] | None = None,
    count: int = 5,
    guard: int = 5,
    measure: Measure = "angle",
    good_bands: NDArray[np.bool_] | None = None,
    most: int = _MOST,
) -> list[Neighbour]:
    """The ``count`` most similar pixels outside a guard square, nearest first.

    Args:
        scene: A scene or a cube (H, W, B), possibly mapped; a bounded number of its pixels is read. Pixels that a
            scene calls invalid are no background.
        row: Of the pixel asked about.
        column: Of the pixel asked about.
        scores: (H, W), a map; its highest percent is no background.
        count: How many.
        guard: Pixels on each side that may belong to the same object.
        measure: Spectral angle, which ignores brightness, or Euclidean distance.
        good_bands: (B,) bool, bands that are compared; those of the scene when None.
        most: Places of the grid; up to so many pixels in a scene, all are compared.

    Raises:
        MetricError: ``hsi.pixel_outside`` or, for a pixel without values, ``hsi.pixel_missing``.
    """
    cube = scene.cube if isinstance(scene, Scene) else scene
    if good_bands is None:
        good_bands = scene.good_bands if isinstance(scene, Scene) else np.ones(cube.shape[2], dtype=bool)
    height, width = cube.shape[:2]
    if not (0 <= row < height and 0 <= column < width):
        raise MetricError(
            f"The pixel ({row}, {column}) lies outside of the scene of {height} x {width}.",
            code="hsi.pixel_outside",
            hint="Choose a row and a column of the scene, counted from 0.",
        )
    pixel = np.asarray(cube[row, column], dtype=np.float64)
    used = np.flatnonzero(good_bands & np.isfinite(pixel))
    if not len(used):
        raise MetricError(
            f"The pixel ({row}, {column}) has no values.",
            code="hsi.pixel_missing",
            hint="Choose a pixel inside of the image.",
        )
    invalid = scene.invalid if isinstance(scene, Scene) else None
    limit = None if scores is None else quantile_threshold(scores, _ANOMALOUS)

    def ranked(places: Places, kept: int) -> tuple[Places, Floats]:
        far = np.abs(places - [row, column]).max(axis=1) > guard
        if scores is not None:
            far &= scores[places[:, 0], places[:, 1]] < limit
        if invalid is not None:
            far &= ~invalid[places[:, 0], places[:, 1]]
        places = places[far]
        distances = _distances(read_spectra(cube, places)[:, used], pixel[used], measure)
        order = np.argsort(distances, kind="stable")[:kept]
        order = order[np.isfinite(distances[order])]
        return places[order], distances[order]

    step = max(1, int(np.ceil(np.sqrt(height * width / most))))
    best, distances = ranked(_grid(height, width, step), count if step == 1 else max(count, _SEEDS))
    if step > 1 and len(best):
        best, distances = ranked(_around(best, step - 1, height, width), count)
    spectra = read_spectra(cube, best)
    return [
        Neighbour(int(place[0]), int(place[1]), float(distance), plain(values))
        for place, distance, values in zip(best, distances, spectra, strict=True)
    ]


def _distances(spectra: Floats, pixel: Floats, measure: Measure) -> Floats:
    """Infinite for spectra with missing values."""
    whole = np.isfinite(spectra).all(axis=1)
    distances = np.full(len(spectra), np.inf)
    if measure == "angle":
        distances[whole] = spectral_angles(spectra[whole], pixel)
    else:
        distances[whole] = np.linalg.norm(spectra[whole] - pixel, axis=1)
    return distances


def _grid(height: int, width: int, step: int) -> Places:
    """Every ``step``-th pixel of every ``step``-th row, (N, 2)."""
    rows, columns = np.mgrid[step // 2 : height : step, step // 2 : width : step]
    return np.stack([rows.ravel(), columns.ravel()], axis=1)


def _around(places: Places, reach: int, height: int, width: int) -> Places:
    """All pixels at most ``reach`` rows and columns from any of the places, each once, (N, 2)."""
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    near = places[:, None] + np.stack([rows.ravel(), columns.ravel()], axis=1)[None]
    near = np.unique(near.reshape(-1, 2), axis=0)
    return near[((near >= 0) & (near < [height, width])).all(axis=1)]
