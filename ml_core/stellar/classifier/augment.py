"""What may differ between a spectrum of the training and one to be classified: noise, flux calibration, band depth.

All is done in bins and on tensors of many stars at once. Reddening is left alone: making it vary cost .02 to .06 of
macro-F1 on stars of another metallicity, because it blurs r - i, the cue that families share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from ml_core.stellar.classifier.spectrum_input import BIN_WAVELENGTH, BINS, POINTS_PER_BIN, BinnedSpectra, median_sn

#: Least median S/N of a grid point that copies are given.
LOWEST_SN: Final = 0.4
_UNTOUCHED: Final = 0.15
_KNOTS: Final = 7
#: Width of the smoothing that parts bands from continuum, in bins: 280 grid points.
_CONTINUUM: Final = 280 / POINTS_PER_BIN


@dataclass(frozen=True)
class Warp:
    """How far augmentation goes.

    Attributes:
        calibration: Deviation of a smooth error of the flux calibration, as a part of the flux.
        depth: Deviation of the logarithm of the factor on the depth of all bands.
    """

    calibration: float = 0.03
    depth: float = 0.15


def renoise(spectra: BinnedSpectra, generator: torch.Generator | None) -> BinnedSpectra:
    """Add noise, so that the S/N falls to a value drawn evenly in the logarithm between `LOWEST_SN` and its own.

    Some stars stay as they are. The inverse variance follows the noise.
    """
    device = spectra.flux.device
    sn = median_sn(spectra).clamp(min=LOWEST_SN)
    drawn = torch.rand(len(sn), generator=generator, device=device)
    target = LOWEST_SN * (sn / LOWEST_SN) ** drawn
    kept = torch.rand(len(sn), generator=generator, device=device) < _UNTOUCHED
    factor = torch.where(kept, 1.0, (sn / target).square()).unsqueeze(1)
    measured = spectra.ivar > 0
    added = ((factor - 1) / spectra.ivar.clamp(min=1e-12)).sqrt()
    noise = torch.randn(spectra.flux.shape, generator=generator, device=device)
    flux = torch.where(measured, spectra.flux + added * noise, 0.0)
    return BinnedSpectra(flux, spectra.ivar / factor, spectra.usable)


def warp(spectra: BinnedSpectra, amount: Warp, generator: torch.Generator | None) -> BinnedSpectra:
    """Change flux calibration and band depth of each star, its reference level kept."""
    device, count = spectra.flux.device, len(spectra.flux)
    measured = spectra.ivar > 0
    depth = (amount.depth * torch.randn(count, 1, generator=generator, device=device)).exp()
    continuum = _continuum(spectra, measured)
    flux = torch.where(measured, continuum + depth * (spectra.flux - continuum), 0.0)
    knots = amount.calibration * torch.randn(count, _KNOTS, generator=generator, device=device)
    curve = (knots @ _knot_shapes().to(device)).exp()
    before, after = _level(spectra.flux, measured), _level(flux * curve, measured)
    ratio = torch.where((before > 0.2) & (after > 0.2), before / after.clamp(min=0.2), 1.0).unsqueeze(1)
    factor = curve * ratio
    return BinnedSpectra(flux * factor, spectra.ivar / (depth * factor).square(), spectra.usable)


def _continuum(spectra: BinnedSpectra, measured: Tensor) -> Tensor:
    kernel = _smoothing().to(spectra.flux.device)
    weight = measured.float() @ kernel
    return (spectra.flux * measured) @ kernel / weight.clamp(min=1e-6)


def _level(flux: Tensor, measured: Tensor) -> Tensor:
    inside = ((BIN_WAVELENGTH > 6500) & (BIN_WAVELENGTH < 8500)).to(flux.device) & measured
    return (flux * inside).sum(1) / inside.sum(1).clamp(min=1)


def _smoothing() -> Tensor:
    """(BINS, BINS) Gaussian smoothing by a matrix product."""
    place = torch.arange(BINS, dtype=torch.float32)
    return torch.exp(-0.5 * ((place.unsqueeze(1) - place) / _CONTINUUM).square())


def _knot_shapes() -> Tensor:
    """(KNOTS, BINS) raised cosines between evenly spaced knots: their sum is 1 everywhere."""
    place = torch.linspace(0, _KNOTS - 1, BINS)
    away = (place - torch.arange(_KNOTS, dtype=torch.float32).unsqueeze(1)).abs().clamp(max=1)
    return 0.5 * (1 + torch.cos(math.pi * away))
