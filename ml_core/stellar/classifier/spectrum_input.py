"""Spectra as the heads take them: in units of their own red continuum, in bins of a few grid points, with inverse
variance.

The shape of the flux is kept. Dividing by a pseudo-continuum would take away what tells types apart best in stars of
another metallicity (-.12 to -.15 of macro-F1 where that was measured).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor

from ml_core.stellar.spectra.resample import GRID, POINTS

#: Grid points in a bin: 8 x 69 km/s, less than the width of any molecular band head.
POINTS_PER_BIN: Final = 8
BINS: Final = POINTS // POINTS_PER_BIN
_USED: Final = BINS * POINTS_PER_BIN
_WAVELENGTH: Final = torch.from_numpy(GRID.astype("float32"))
#: (BINS,) mean wavelength of the bins in Angstrom.
BIN_WAVELENGTH: Final = _WAVELENGTH[:_USED].reshape(BINS, POINTS_PER_BIN).mean(1)
_REFERENCE: Final = (6500.0, 8500.0)
_SMALLEST: Final = 1e-30


class BinnedSpectra(NamedTuple):
    """Spectra in bins.

    Attributes:
        flux: (N, BINS) flux over the star's reference level; 0 where nothing was measured.
        ivar: (N, BINS) inverse variance in the same units; 0 where nothing was measured.
        usable: (N,) whether there is anything to look at.
    """

    flux: Tensor
    ivar: Tensor
    usable: Tensor

    def rows(self, index: Tensor) -> BinnedSpectra:
        """Some of the stars."""
        return BinnedSpectra(self.flux[index], self.ivar[index], self.usable[index])


def bin_spectra(flux: Tensor, ivar: Tensor) -> BinnedSpectra:
    """Scale and pool.

    The level is the median of the measured flux from 6500 to 8500 A (all of the grid where that range is missing).
    Values that are not finite count as not measured, whatever their inverse variance says.

    Args:
        flux: (N, 3522) on the grid, in any unit.
        ivar: (N, 3522), 0 = not measured.
    """
    measured = torch.isfinite(flux) & torch.isfinite(ivar) & (ivar > 0)
    level = _level(flux, measured)
    usable = torch.isfinite(level) & (level > 0)
    level = torch.where(usable, level, 1.0).unsqueeze(1)
    scaled = torch.where(measured, flux, 0.0) / level
    weight = torch.where(measured & usable.unsqueeze(1), ivar, 0.0) * level.square()
    scaled, weight = scaled[:, :_USED], weight[:, :_USED]
    total = weight.reshape(-1, BINS, POINTS_PER_BIN).sum(2)
    weighted = (scaled * weight).reshape(-1, BINS, POINTS_PER_BIN).sum(2)
    mean = torch.where(total > 0, weighted / total.clamp(min=_SMALLEST), 0.0)
    usable = usable & (total > 0).any(1)
    return BinnedSpectra(mean, total, usable)


def median_sn(spectra: BinnedSpectra) -> Tensor:
    """(N,) median signal to noise of a grid point over the measured bins; 0 without any."""
    ratio = torch.where(spectra.ivar > 0, spectra.flux * spectra.ivar.sqrt(), torch.nan)
    return ratio.nanmedian(1).values.nan_to_num(0.0) / POINTS_PER_BIN**0.5


def _level(flux: Tensor, measured: Tensor) -> Tensor:
    values = torch.where(measured, flux, torch.nan)
    inside = (_REFERENCE[0] < _WAVELENGTH) & (_REFERENCE[1] > _WAVELENGTH)
    level = values[:, inside.to(flux.device)].nanmedian(1).values
    return torch.where(torch.isfinite(level) & (level > 0), level, values.nanmedian(1).values)
