"""How little a star looks like any star of M0..M4 that was trained on.

Two questions of a spectrum: do its components lie where those of some class lie, and is what the components leave no
more than noise? Without a spectrum the colours are asked, else the picture. The limits are what all but a few training
stars keep, at every signal to noise; no star of another kind is needed.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from ml_core.stellar.spectra.subclass import CLASSES

#: Part of the training stars within the limits, and how far the limits are widened.
_INSIDE: Final = 0.995
_MARGIN: Final = 2.5
_STEEPNESS: Final = 4.0
#: Part of the common scatter that is added to that of a class, which may have few stars.
_SHRINKAGE: Final = 0.2
#: Variance of a number that is not known.
_UNKNOWN: Final = 1e4
#: Edges of the groups of S/N that have limits of their own on the misfit.
_SN_EDGES: Final = (3.0, 8.0, 20.0, 40.0)
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
        self.limit.copy_(_MARGIN * torch.quantile(self.distance(values, covariance), _INSIDE))

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
    """What the components may leave of a spectrum, by signal to noise: real stars show more detail when it is high."""

    limits: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("limits", torch.full((len(_SN_EDGES) + 1,), torch.inf))

    @torch.no_grad()
    def fit(self, misfit: Tensor, sn: Tensor) -> None:
        """Take the limits from training stars (N,); a group with few stars has the next lower group's limit."""
        group = self._group(sn)
        whole = torch.quantile(misfit, _INSIDE) if len(misfit) else torch.tensor(torch.inf)
        for number in range(len(self.limits)):
            rows = group == number
            if int(rows.sum()) >= _FEWEST:
                self.limits[number] = _MARGIN * torch.quantile(misfit[rows], _INSIDE)
            else:
                self.limits[number] = self.limits[number - 1] if number else _MARGIN * whole

    def excess(self, misfit: Tensor, sn: Tensor) -> Tensor:
        """(N,) misfit over the limit."""
        return misfit / self.limits[self._group(sn)]

    @staticmethod
    def _group(sn: Tensor) -> Tensor:
        return torch.bucketize(sn, torch.tensor(_SN_EDGES, device=sn.device))


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
