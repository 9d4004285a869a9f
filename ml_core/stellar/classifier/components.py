"""Principal components that know the noise of every pixel: a spectrum becomes a few numbers with their errors.

A star's spectrum is mean + basis x coefficients + noise, with a normal prior on the coefficients and the noise of each
bin as the spectrograph states it (Bailey 2012, PASP 124, 1015; Tsalmantza & Hogg 2012, ApJ 753, 122). Noisy and missing
bins count for what they are worth, and the posterior deviations tell a head how much is known. Fitted by expectation
maximisation, without random numbers.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from ml_core.stellar.classifier.spectrum_input import BINS, BinnedSpectra, median_sn

#: Calibration is not better than this, whatever the stated noise; in parts of the mean flux.
_ERROR_FLOOR: Final = 0.02
_GROSS_FLOOR: Final = 0.05
_ROUNDS: Final = 12
#: Spectra with more signal to noise begin the fit.
_CLEAN_SN: Final = 5.0
_RIDGE: Final = 1e-6


class Coefficients(NamedTuple):
    """What `WeightedComponents` says about spectra.

    Attributes:
        mean: (N, K) posterior mean of the coefficients, in prior deviations.
        covariance: (N, K, K).
        misfit: (N,) chi-square per measured bin of what the components leave.
        gross_misfit: (N,) the same, where 5 % of the flux more or less count as nothing: a star of a metallicity that
            the training lacked hardly has any, another kind of star or instrument has.
    """

    mean: Tensor
    covariance: Tensor
    misfit: Tensor
    gross_misfit: Tensor

    def tokens(self) -> Tensor:
        """(N, 2 K): the means, and the logarithms of the deviations."""
        deviation = self.covariance.diagonal(dim1=1, dim2=2).clamp(min=1e-8).sqrt()
        return torch.cat([self.mean, deviation.log()], 1)


class WeightedComponents(nn.Module):
    """The front end: fitted on the training spectra, then frozen.

    Args:
        count: Components. 8 to 28 gave the same scores.
    """

    centre: Tensor
    basis: Tensor
    floor: Tensor

    def __init__(self, count: int = 12) -> None:
        super().__init__()
        self.count = count
        self.register_buffer("centre", torch.ones(BINS))
        self.register_buffer("basis", torch.zeros(BINS, count))
        self.register_buffer("floor", torch.full((BINS,), _ERROR_FLOOR**2))

    def forward(self, spectra: BinnedSpectra) -> Coefficients:
        """Posterior of the coefficients of each star, exactly."""
        weight = self._weight(spectra)
        precision = self._precision(weight)
        projected = (weight * (spectra.flux - self.centre)) @ self.basis
        factor = torch.linalg.cholesky(precision)
        mean = torch.cholesky_solve(projected.unsqueeze(2), factor).squeeze(2)
        left = spectra.flux - self.reconstruct(mean)
        measured = (spectra.ivar > 0).sum(1).clamp(min=1)
        misfit = (weight * left.square()).sum(1) / measured
        gross = self._weight(spectra, (_GROSS_FLOOR / _ERROR_FLOOR) ** 2)
        gross_misfit = (gross * left.square()).sum(1) / measured
        return Coefficients(mean, torch.cholesky_inverse(factor), misfit, gross_misfit)

    def reconstruct(self, mean: Tensor) -> Tensor:
        """(N, K) coefficients to (N, BINS) flux."""
        return self.centre + mean @ self.basis.T

    @torch.no_grad()
    def fit(self, spectra: BinnedSpectra) -> None:
        """Expectation maximisation from the components of the cleanest half of the stars."""
        spectra = spectra.rows(spectra.usable.nonzero().squeeze(1))
        sn = median_sn(spectra)
        clean = sn >= torch.maximum(sn.median(), torch.tensor(_CLEAN_SN).to(sn)).clamp(max=sn.max())
        if int(clean.sum()) <= self.count:
            clean = sn >= sn.median()
        flux = torch.where(spectra.ivar > 0, spectra.flux, torch.nan)[clean]
        self.centre.copy_(flux.nanmean(0).nan_to_num(1.0))
        self.floor.copy_((_ERROR_FLOOR * self.centre).square())
        rows = flux.sub(self.centre).nan_to_num(0.0)
        _, strength, directions = torch.linalg.svd(rows, full_matrices=False)
        used = min(self.count, len(strength))
        self.basis[:, :used] = directions[:used].T * (strength[:used] / len(rows) ** 0.5)
        for _ in range(_ROUNDS):
            self._round(spectra)

    def _round(self, spectra: BinnedSpectra) -> None:
        """Coefficients from the basis, then every bin's row of basis and centre from the coefficients."""
        found = self(spectra)
        weight = self._weight(spectra)
        design = torch.cat([found.mean, torch.ones_like(found.mean[:, :1])], 1)
        moments = design.unsqueeze(2) * design.unsqueeze(1)
        moments[:, :-1, :-1] += found.covariance
        size = self.count + 1
        normal = (weight.T @ moments.reshape(len(design), -1)).reshape(-1, size, size)
        # A bin that hardly any star has keeps finite numbers.
        normal += (
            torch.eye(size).to(normal) * (_RIDGE * normal.diagonal(dim1=1, dim2=2).mean(1) + _RIDGE)[:, None, None]
        )
        target = (weight * (spectra.flux - self.centre)).T @ design
        solved = torch.linalg.solve(normal, target)
        self.centre += solved[:, -1]
        spread = found.mean.square() + found.covariance.diagonal(dim1=1, dim2=2)
        self.basis.copy_(solved[:, :-1] * spread.mean(0).sqrt())

    def _weight(self, spectra: BinnedSpectra, factor: float = 1.0) -> Tensor:
        measured = spectra.ivar > 0
        return torch.where(measured, 1.0 / (1.0 / spectra.ivar.clamp(min=1e-12) + factor * self.floor), 0.0)

    def _precision(self, weight: Tensor) -> Tensor:
        """Posterior precision (N, K, K); the product of the basis with itself is one matrix product for all stars."""
        pairs = (self.basis.unsqueeze(2) * self.basis.unsqueeze(1)).reshape(BINS, -1)
        identity = torch.eye(self.count).to(weight)
        return (weight @ pairs).reshape(-1, self.count, self.count) + identity
