"""Spectra in a common unit: the shape of the flux is kept, only its level goes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.stellar.spectra.resample import GRID

Floats = NDArray[np.float64]

#: Where every M star has flux and SDSS measures best.
LEVEL_RANGE: Final = (6500.0, 8500.0)
_LEVEL: Final = slice(*np.searchsorted(GRID, LEVEL_RANGE))


def flux_shape(flux: NDArray[Any], ivar: NDArray[Any]) -> tuple[Floats, Floats]:
    """Flux divided by its median over 6500-8500 A, and the inverse variance in the same unit.

    Pixels with ivar 0 count for nothing. A spectrum so noisy that its median is not positive is divided by the root of
    its mean variance instead: it stays finite, and small beside its errors.

    Args:
        flux: (N, 3522) on the grid.
        ivar: (N, 3522), 0 = not usable.
    """
    values, weights = np.asarray(flux, np.float64), np.asarray(ivar, np.float64)
    good = weights > 0
    inside = np.where(good[:, _LEVEL], values[:, _LEVEL], np.nan)
    usable = good[:, _LEVEL].any(1)
    level = np.zeros(len(values))
    level[usable] = np.nanmedian(inside[usable], axis=1)
    mean_weight = weights.sum(1) / np.maximum(good.sum(1), 1)
    noise = 1 / np.sqrt(np.where(mean_weight > 0, mean_weight, 1.0))
    level = np.where(level > 0.05 * noise, level, noise)[:, None]
    return np.where(good, values / level, 0.0), weights * level**2


def binned(flux: Floats, ivar: Floats, width: int) -> Floats:
    """Mean of the usable pixels in bins of ``width`` pixels, (N, 3522 // width); gaps are bridged by a line."""
    bins = flux.shape[1] // width
    good = (ivar > 0)[:, : bins * width].reshape(len(flux), bins, width)
    count = good.sum(2)
    total = (flux[:, : bins * width].reshape(good.shape) * good).sum(2)
    mean: Floats = total / np.maximum(count, 1)
    places = np.arange(bins)
    for row in np.flatnonzero((count == 0).any(1) & (count > 0).any(1)):
        held = count[row] > 0
        mean[row] = np.interp(places, places[held], mean[row, held])
    return mean
