"""Broad bands: mean fluxes, each over some 400 or 1250 A, with their errors.

What is left of a spectrum when every line is gone. Blind to much, but the least wrong on stars of another metallicity
or library, where fine structure misleads.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from ml_core.stellar.classifier.spectrum_input import BIN_WAVELENGTH, BINS, BinnedSpectra

#: Of some 400 A, and of 1250 A: the fewer, the less a foreign library misleads.
BANDS: Final = 12
WIDE_BANDS: Final = 4
#: Prior deviation of a band that was not measured, in parts of the reference level.
_UNKNOWN: Final = 0.3


class BroadBands(nn.Module):
    """(N, BINS) to (N, 2 x count): fluxes, and logarithms of their errors.

    Args:
        count: Bands of equal width over the grid.
    """

    membership: Tensor
    usual: Tensor

    def __init__(self, count: int) -> None:
        super().__init__()
        low, high = float(BIN_WAVELENGTH[0]), float(BIN_WAVELENGTH[-1]) + 1e-3
        band = ((BIN_WAVELENGTH - low) / (high - low) * count).long()
        self.register_buffer("membership", torch.nn.functional.one_hot(band, count).float(), persistent=False)
        self.register_buffer("usual", torch.ones(BINS))

    @torch.no_grad()
    def fit(self, centre: Tensor) -> None:
        """Take the usual spectrum (BINS,), by which gaps within a band are bridged."""
        self.usual.copy_(centre)

    def forward(self, spectra: BinnedSpectra) -> Tensor:
        """Mean of the measured bins of each band.

        A band's bins are compared with the usual spectrum, so that it does not matter which of them are missing. The
        bins count alike: weights that follow the noise would give each star another band.
        """
        measured = (spectra.ivar > 0).float()
        found = (measured @ self.membership).clamp(min=1e-6)
        size = self.membership.sum(0)
        excess = ((spectra.flux - self.usual) * measured) @ self.membership / found
        variance = torch.where(measured > 0, 1.0 / spectra.ivar.clamp(min=1e-12), 0.0) @ self.membership
        error = (variance / found.square() + (_UNKNOWN * (1 - found / size)).square()).sqrt()
        # Shrunk towards the usual value, as far as nothing is known.
        known = _UNKNOWN**2 / (_UNKNOWN**2 + error.square())
        level = (self.usual @ self.membership) / size
        return torch.cat([level + excess * known, error.clamp(min=1e-4).log()], 1)
