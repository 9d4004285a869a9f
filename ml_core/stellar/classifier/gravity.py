"""Dwarf or giant? CaH and Na I against TiO, the classical indices of surface gravity in M stars.

A dwarf has deep CaH bands (6814-6846 and 6960-6990 A) and a strong Na I doublet (8183, 8195 A) for its TiO band at
7126 A; in a giant both nearly vanish (Reid, Hawley & Gizis 1995, AJ 110, 1838; Mann et al. 2012, ApJ 753, 90).
Metal-poor dwarfs have still more CaH, so they lie on the other side. What is usual for dwarfs comes from the training.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from ml_core.stellar.classifier.spectrum_input import BIN_WAVELENGTH, BinnedSpectra

#: Bands in vacuum Angstrom, and what they are compared with.
_CAH2: Final = (6812.0, 6850.0)
_CAH3: Final = (6955.0, 6995.0)
_TIO5: Final = (7115.0, 7145.0)
_RED_OF_CAH: Final = (7028.0, 7052.0)
_SODIUM: Final = (8170.0, 8210.0)
_BESIDE_SODIUM: Final = ((8145.0, 8160.0), (8215.0, 8235.0))
#: What dwarfs of all surveys scatter by in CaH and Na I, whatever those of one training do; giants lie .3 and .1 away.
_LEAST_SCATTER: Final = (0.05, 0.03)
_CLEAN_SN: Final = 8.0
_FEWEST: Final = 20
_TIO_RANGE: Final = (0.2, 1.2)
_LEAST_FLUX: Final = 0.05


class Index(NamedTuple):
    """A ratio of fluxes with its variance, both (N,), and whether enough of it was measured."""

    value: Tensor
    variance: Tensor
    measured: Tensor


class Gravity(nn.Module):
    """How many deviations a star lies from the dwarfs towards the giants."""

    curves: Tensor
    scatter: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("curves", torch.zeros(2, 3))
        self.register_buffer("scatter", torch.full((2,), 1e6))

    @torch.no_grad()
    def fit(self, spectra: BinnedSpectra, sn: Tensor) -> None:
        """Take what is usual from dwarfs with good signal; with fewer than 20 of them no star is a giant."""
        tio, *indices = _indices(spectra)
        good = (sn > _CLEAN_SN) & tio.measured
        for row, index in enumerate(indices):
            rows = good & index.measured
            if int(rows.sum()) < _FEWEST:
                continue
            design = _powers(tio.value[rows])
            normal = design.T @ design + 1e-6 * torch.eye(design.shape[1]).to(design)
            self.curves[row] = torch.linalg.solve(normal, design.T @ index.value[rows])
            away = index.value[rows] - design @ self.curves[row]
            self.scatter[row] = away.square().mean().sqrt().clamp(min=_LEAST_SCATTER[row])

    def forward(self, spectra: BinnedSpectra) -> Tensor:
        """(N,) deviations, positive towards giants; 0 where the bands were not measured."""
        tio, *indices = _indices(spectra)
        total = torch.zeros_like(tio.value)
        for row, index in enumerate(indices):
            curve = self.curves[row]
            slope = curve[1] + 2 * curve[2] * tio.value.clamp(*_TIO_RANGE)
            variance = self.scatter[row].square() + index.variance + slope.square() * tio.variance
            away = (index.value - _powers(tio.value) @ curve) / variance.sqrt()
            total = total + torch.where(index.measured & tio.measured, away, 0.0)
        return total / math.sqrt(len(indices))


def _powers(tio: Tensor) -> Tensor:
    tio = tio.clamp(*_TIO_RANGE)
    return torch.stack([torch.ones_like(tio), tio, tio.square()], 1)


def _indices(spectra: BinnedSpectra) -> tuple[Index, Index, Index]:
    """TiO, CaH (both bands together), and Na I, each over its continuum."""
    beside = _mean(spectra, _RED_OF_CAH)
    first, second = (_ratio(_mean(spectra, band), beside) for band in (_CAH2, _CAH3))
    cah = Index(first.value + second.value, first.variance + second.variance, first.measured & second.measured)
    left, right = (_mean(spectra, band) for band in _BESIDE_SODIUM)
    around = Index((left.value + right.value) / 2, (left.variance + right.variance) / 4, left.measured & right.measured)
    return _ratio(_mean(spectra, _TIO5), beside), cah, _ratio(_mean(spectra, _SODIUM), around)


def _mean(spectra: BinnedSpectra, band: tuple[float, float]) -> Index:
    inside = ((band[0] < BIN_WAVELENGTH) & (band[1] > BIN_WAVELENGTH)).float().to(spectra.flux.device)
    used = (spectra.ivar > 0) * inside
    count = used.sum(1).clamp(min=1)
    variance = torch.where(used > 0, 1.0 / spectra.ivar.clamp(min=1e-12), 0.0).sum(1) / count.square()
    return Index((spectra.flux * used).sum(1) / count, variance, used.sum(1) > 0.5 * inside.sum())


def _ratio(above: Index, below: Index) -> Index:
    floor = below.value.clamp(min=_LEAST_FLUX)
    value = above.value / floor
    variance = (above.variance + below.variance * value.square()) / floor.square()
    return Index(value, variance, above.measured & below.measured & (below.value > _LEAST_FLUX))
