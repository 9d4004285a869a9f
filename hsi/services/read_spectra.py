"""Spectra of pixels, of their surroundings, and histograms of bands."""

from __future__ import annotations

from typing import Any

import numpy as np

from hsi.models import Scene
from hsi.services.open_scene import (
    checked_band,
    checked_pixel,
    checked_pixels,
    open_scene,
    plain,
    read_statistics,
)

#: Pixels between these distances (Chebyshev) surround a pixel: outside of a target, inside of its neighbourhood.
GUARD, REACH = 3, 8


def read_spectrum(scene: Scene, row: int, column: int) -> dict[str, Any]:
    """The spectrum of one pixel: ``{row, column, values}`` with null where nothing was measured.

    Raises:
        NotFoundError: There is no such pixel.
    """
    row, column = checked_pixel(scene, row, column)
    return {"row": row, "column": column, "values": plain(open_scene(scene).cube[row, column])}


def read_spectra(scene: Scene, pixels: str, *, background: bool = False) -> dict[str, Any]:
    """Spectra of several pixels, and mean and spread around them.

    Args:
        scene: A ready scene.
        pixels: ``row,column;row,column``.
        background: Also the mean and the standard deviation of the ring around each pixel, and of all these rings.

    Raises:
        SceneError: The list cannot be read.
        NotFoundError: There is no such pixel.
    """
    chosen = checked_pixels(scene, pixels)
    cube = open_scene(scene).cube
    answer: dict[str, Any] = {
        "spectra": [{"row": row, "column": column, "values": plain(cube[row, column])} for row, column in chosen]
    }
    if background:
        rings = [_ring(cube, row, column) for row, column in chosen]
        for spectrum, ring in zip(answer["spectra"], rings, strict=True):
            spectrum["background"] = _described(ring)
        answer["background"] = _described(np.concatenate(rings))
    return answer


def band_histogram(scene: Scene, band: int) -> dict[str, Any]:
    """Counts of the values of a band in equal bins, as the import counted them.

    Raises:
        NotFoundError: There is no such band.
    """
    band = checked_band(scene, band)
    measured = read_statistics(scene)
    known = measured["histogram"]
    low, high = known["low"][band] or 0.0, known["high"][band] or 0.0
    edges = np.linspace(low, high if high > low else low + 1, known["bins"] + 1)
    return {"band": band, "edges": [float(edge) for edge in edges], "counts": known["counts"][band],
            "pixels": measured["sampled_pixels"]}  # fmt: skip


def scene_statistics(scene: Scene) -> dict[str, Any]:
    """What the import measured, with wavelengths and which bands are good."""
    bad = set(scene.bad_bands)
    return {
        **read_statistics(scene),
        "wavelengths": scene.wavelengths or None,
        "good_bands": [band not in bad for band in range(scene.bands or 0)],
    }


def _described(spectra: Any) -> dict[str, Any]:
    with np.errstate(invalid="ignore"):
        mean, deviation = _moments(spectra)
    return {"mean": plain(mean), "std": plain(deviation), "pixels": len(spectra)}


def _ring(cube: Any, row: int, column: int) -> Any:
    height, width = cube.shape[:2]
    rows = np.arange(max(0, row - REACH), min(height, row + REACH + 1))
    columns = np.arange(max(0, column - REACH), min(width, column + REACH + 1))
    window = np.asarray(cube[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], np.float64)
    distance = np.maximum(abs(rows[:, None] - row), abs(columns[None, :] - column))
    outside = window[distance > GUARD]
    return outside if len(outside) else window.reshape(-1, cube.shape[2])


def _moments(spectra: Any) -> tuple[Any, Any]:
    """Mean and standard deviation of each band over finite values; NaN where there is none."""
    known = np.isfinite(spectra)
    counts = np.maximum(known.sum(0), 1)
    mean = np.where(known, spectra, 0).sum(0) / counts
    variance = np.where(known, (spectra - mean) ** 2, 0).sum(0) / counts
    nothing = ~known.any(0)
    mean[nothing] = variance[nothing] = np.nan
    return mean, np.sqrt(variance)
