"""The common grid: 3,522 points from 4000 to 9000 A, evenly spaced in log10 of the vacuum wavelength.

1e4 x log10(9000 / 4000) = 3521.8, so the specification's 3,522-vector has the step of SDSS itself, 1e-4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import FormatError
from ml_core.stellar.spectra.spectrum import Spectrum
from ml_core.stellar.spectra.wavelengths import doppler, in_vacuum

POINTS: Final = 3522
STEP: Final = 1e-4
GRID_LOG: Final[NDArray[np.float64]] = math.log10(4000.0) + STEP * np.arange(POINTS, dtype=np.float64)
#: (3522,) vacuum wavelengths of the points in Angstrom.
GRID: Final[NDArray[np.float64]] = np.power(10.0, GRID_LOG)
_GRID_EDGES: Final[NDArray[np.float64]] = np.power(10.0, math.log10(4000.0) + STEP * (np.arange(POINTS + 1) - 0.5))

#: A point is measured when usable pixels cover at least this part of it.
_MIN_COVERED: Final = 0.5
#: Wavelengths further apart than this many usual steps are a gap, not wide pixels.
_GAP_STEPS: Final = 3.0


@dataclass(frozen=True)
class GridSpectrum:
    """A spectrum on the grid.

    Attributes:
        flux: (3522,) flux density in the units of the file; 0 where nothing was measured.
        ivar: (3522,) inverse variance; 0 where nothing was measured.
        coverage: Part of the points that were measured, 0 to 1.
    """

    flux: NDArray[np.float32]
    ivar: NDArray[np.float32]
    coverage: float


def to_grid(spectrum: Spectrum, velocity: float = 0.0) -> GridSpectrum:
    """Put a spectrum on the grid, so that the flux in any range is kept.

    The flux of a point is the mean of the pixels under it, weighted by their overlap in wavelength. Unusable pixels
    give nothing. Its variance is ``sum(w_i d_i s_i^2) / sum(w_i)^2`` with overlap w, pixel width d and variance s^2:
    plain error propagation has w_i in place of d_i, and calls the points of a shifted grid better than they are,
    because neighbours share pixels. With d_i the covariance is folded into the diagonal, so that a chi-square over
    the points weighs as much as over the pixels; for whole pixels both are equal.

    Args:
        spectrum: Any; wavelengths in air are converted first.
        velocity: km/s by which the star recedes; it is taken out. 0 leaves the spectrum as observed.

    Raises:
        FormatError: ``spectrum.no_coverage`` when it has no usable pixel between 4000 and 9000 A.
    """
    with np.errstate(all="ignore"):  # pixels near the limits of floating point overflow and are then not measured
        return _resample(spectrum, velocity)


def _resample(spectrum: Spectrum, velocity: float) -> GridSpectrum:
    wavelength = doppler(in_vacuum(spectrum).wavelength, velocity)
    width = _widths(wavelength)
    left = np.maximum(wavelength - width / 2, 1e-3)
    right = wavelength + width / 2
    near = (spectrum.ivar > 0) & (right > _GRID_EDGES[0]) & (left < _GRID_EDGES[-1])
    if not near.any():
        raise FormatError("The spectrum has no usable pixel between 4000 and 9000 Å.", code="spectrum.no_coverage",
                          hint="Check the unit of its wavelengths; infrared spectra cannot be used here.",
                          where=spectrum.name)  # fmt: skip
    pixel, point, overlap = _overlaps(left[near], right[near])
    flux, variance = spectrum.flux[near].astype(np.float64), 1.0 / spectrum.ivar[near].astype(np.float64)
    covered = np.bincount(point, overlap, POINTS)
    total = np.bincount(point, overlap * flux[pixel], POINTS)
    spread = np.bincount(point, overlap * (width[near] * variance)[pixel], POINTS)
    measured = (covered >= _MIN_COVERED * np.diff(_GRID_EDGES)) & np.isfinite(total) & np.isfinite(spread)
    safe = np.where(measured, covered, 1.0)
    return GridSpectrum(
        flux=np.where(measured, total / safe, 0.0).astype(np.float32),
        ivar=np.where(measured, safe**2 / np.where(measured, spread, 1.0), 0.0).astype(np.float32),
        coverage=float(measured.mean()),
    )


def _widths(wavelength: NDArray[np.float64]) -> NDArray[np.float64]:
    """Width of each pixel (A), from its neighbours; a pixel beside a gap is as wide as the step on its other side."""
    steps = np.diff(wavelength)
    usual = np.median(steps / wavelength[:-1])
    steps = np.where(steps > _GAP_STEPS * usual * wavelength[:-1], np.nan, steps)
    before, after = np.append(np.nan, steps), np.append(steps, np.nan)
    width = np.where(np.isnan(before), after, np.where(np.isnan(after), before, (before + after) / 2))
    return np.where(np.isnan(width), usual * wavelength, width)


def _overlaps(
    left: NDArray[np.float64], right: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Every pair of a pixel and a grid point that touch: their positions and the width (A) that they share."""
    first = np.clip(np.searchsorted(_GRID_EDGES, left, "right") - 1, 0, POINTS - 1)
    last = np.clip(np.searchsorted(_GRID_EDGES, right, "left") - 1, 0, POINTS - 1)
    counts = last - first + 1
    pixel = np.repeat(np.arange(len(left)), counts)
    begin = np.cumsum(counts) - counts
    point = np.arange(len(pixel)) - np.repeat(begin - first, counts)
    overlap = np.minimum(right[pixel], _GRID_EDGES[point + 1]) - np.maximum(left[pixel], _GRID_EDGES[point])
    return pixel, point, np.maximum(overlap, 0.0)
