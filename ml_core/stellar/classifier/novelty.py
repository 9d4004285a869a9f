"""How little a star looks like any star of M0..M4 that was trained on.

Three questions of a spectrum: do its components lie where those of some class lie, is what the components leave no more
than noise and a few percent, and is it a dwarf (see `gravity`)? Without a spectrum the colours are asked, else the
picture. The limits come from the training stars; no star of another kind is needed.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from ml_core.stellar.spectra.subclass import CLASSES

#: Part of the training stars within the limits, and how far the limits are widened. A metallicity beyond those of the
#: training keeps within them (3 % of a family a dex away do not); hot stars exceed them 10 to 60 times.
_INSIDE: Final = 0.995
_PLACE_MARGIN: Final = 10.0
_MISFIT_MARGIN: Final = 1.85
_STEEPNESS: Final = 4.0
#: Part of the common scatter that is added to that of a class, which may have few stars.
_SHRINKAGE: Final = 0.2
#: Variance of a number that is not known.
_UNKNOWN: Final = 1e4
_FEWEST: Final = 20


class ClassGaussians(nn.Module):
    """A normal distribution per class, and the distance to the nearest.

    Args:
        size: Numbers per star.
    """

    means: Tensor
    covariances: Tensor
    limit: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("means", torch.zeros(len(CLASSES), size))
        self.register_buffer("covariances", torch.eye(size).repeat(len(CLASSES), 1, 1))
        self.register_buffer("limit", torch.tensor(torch.inf))

    @torch.no_grad()
    def fit(self, values: Tensor, labels: Tensor, covariance: Tensor) -> None:
        """Take means, scatter and the limit from training stars.

        Args:
            values: (N, size); with fewer than 20 rows everything stays within the limit.
            labels: (N,).
            covariance: (N, size, size) of the errors.
        """
        if len(values) < _FEWEST:
            return
        trust = 1.0 / (1.0 + covariance.diagonal(dim1=1, dim2=2).clamp(max=_UNKNOWN).sum(1))
        common = _scatter(values, trust)[1]
        for label in range(len(CLASSES)):
            rows = labels == label
            if int(rows.sum()) >= 3:
                mean, scatter = _scatter(values[rows], trust[rows])
            else:
                mean, scatter = _scatter(values, trust)
            self.means[label] = mean
            self.covariances[label] = scatter + _SHRINKAGE * torch.diag(common.diagonal()) + 1e-6 * torch.eye(len(mean))
        self.limit.copy_(_PLACE_MARGIN * torch.quantile(self.distance(values, covariance), _INSIDE))

    def distance(self, values: Tensor, covariance: Tensor) -> Tensor:
        """Squared Mahalanobis distance to the nearest class per number known, (N,).

        A number whose variance is beyond all others counts as not known.
        """
        total = self.covariances + covariance.unsqueeze(1)
        away = values.unsqueeze(1) - self.means
        solved = torch.linalg.solve(total, away.unsqueeze(3)).squeeze(3)
        known = (covariance.diagonal(dim1=1, dim2=2) < _UNKNOWN).sum(1).clamp(min=1)
        nearest: Tensor = (away * solved).sum(2).amin(1)
        return nearest / known

    def excess(self, values: Tensor, covariance: Tensor) -> Tensor:
        """(N,) distance over the limit: above 1 for what no class holds."""
        return self.distance(values, covariance) / self.limit


class MisfitLimit(nn.Module):
    """What the components may leave of a spectrum, differences of a few percent apart."""

    limit: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("limit", torch.tensor(torch.inf))

    @torch.no_grad()
    def fit(self, misfit: Tensor) -> None:
        """Take the limit from training stars (N,); with fewer than 20 there is none."""
        if len(misfit) >= _FEWEST:
            self.limit.copy_(_MISFIT_MARGIN * torch.quantile(misfit, _INSIDE))

    def excess(self, misfit: Tensor) -> Tensor:
        """(N,) misfit over the limit."""
        return misfit / self.limit


def to_novelty(excess: Tensor) -> Tensor:
    """Excess over the limit (N,) as a number from 0 to 1 that is .5 at the limit."""
    power = excess.clamp(min=1e-3, max=1e3) ** _STEEPNESS
    return power / (1 + power)


def unknown_where(missing: Tensor) -> Tensor:
    """Covariance (N, size, size) of numbers that are exact, or not known at all where ``missing`` (N, size)."""
    return torch.diag_embed(missing.float() * 2 * _UNKNOWN)


def _scatter(values: Tensor, trust: Tensor) -> tuple[Tensor, Tensor]:
    share = (trust / trust.sum()).unsqueeze(1)
    mean = (share * values).sum(0)
    away = values - mean
    return mean, (share * away).T @ away
