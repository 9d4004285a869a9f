"""Fisher vectors: how the local descriptors of one picture differ from those of all pictures.

F. Perronnin, J. Sánchez and T. Mensink, "Improving the Fisher kernel for large-scale image classification", ECCV 2010:
gradients of a Gaussian mixture's log-likelihood with respect to its means and deviations, signed square root, unit
length.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

_KMEANS_ROUNDS = 10
_EM_ROUNDS = 15
_LEAST_VARIANCE = 0.02


class FisherVectors(nn.Module):
    """A mixture of Gaussians over reduced descriptors and places, and the encoding by it.

    Args:
        values: Length of a local descriptor.
        kept: Principal components of it that are kept, whitened.
        gaussians: Members of the mixture.
    """

    origin: Tensor
    basis: Tensor
    means: Tensor
    deviations: Tensor
    shares: Tensor

    def __init__(self, values: int, kept: int = 48, gaussians: int = 32) -> None:
        super().__init__()
        self.length = 2 * gaussians * (kept + 2)
        self.register_buffer("origin", torch.zeros(values))
        self.register_buffer("basis", torch.zeros(values, kept))
        self.register_buffer("means", torch.zeros(gaussians, kept + 2))
        self.register_buffer("deviations", torch.ones(gaussians, kept + 2))
        self.register_buffer("shares", torch.full((gaussians,), 1 / gaussians))

    @torch.no_grad()
    def fit(self, descriptors: Tensor, places: Tensor, generator: torch.Generator) -> None:
        """Learn basis and mixture, without labels.

        Args:
            descriptors: (M, values) of many pictures.
            places: (M, 2).
            generator: Draws the first centres.
        """
        self.origin.copy_(descriptors.mean(0))
        variances, directions = torch.linalg.eigh(torch.cov((descriptors - self.origin).T))
        kept = self.basis.shape[1]
        strongest, directions = variances.flip(0)[:kept], directions.flip(1)[:, :kept]
        directions = directions * torch.where(
            directions.sum(0) < 0, -1.0, 1.0
        )  # eigenvectors have no sign of their own
        self.basis.copy_(directions / strongest.clamp(min=0).sqrt().clamp(min=1e-4))
        points = torch.cat([(descriptors - self.origin) @ self.basis, places], dim=1)
        self._fit_mixture(points, generator)

    def _fit_mixture(self, points: Tensor, generator: torch.Generator) -> None:
        chosen = torch.randint(len(points), (len(self.means),), generator=generator)
        centres = points[chosen].clone()
        for _ in range(_KMEANS_ROUNDS):
            nearest = torch.cdist(points, centres).argmin(1)
            counts = torch.bincount(nearest, minlength=len(centres)).to(points.dtype)
            sums = torch.zeros_like(centres).index_add_(0, nearest, points)
            centres = torch.where(counts[:, None] > 0, sums / counts.clamp(min=1)[:, None], centres)
        self.means.copy_(centres)
        self.deviations.fill_(math.sqrt(0.5))
        for _ in range(_EM_ROUNDS):
            weights = self._responsibilities(points)
            total = weights.sum(0) + 1e-6
            means = (weights.T @ points) / total[:, None]
            variances = (weights.T @ (points * points)) / total[:, None] - means**2
            self.means.copy_(means)
            self.deviations.copy_(variances.clamp(min=_LEAST_VARIANCE).sqrt())
            self.shares.copy_(total / total.sum())

    def _responsibilities(self, points: Tensor) -> Tensor:
        precision = self.deviations**-2
        constant = self.shares.log() - self.deviations.log().sum(1) - 0.5 * (self.means**2 * precision).sum(1)
        logits = points @ (self.means * precision).T - 0.5 * (points * points) @ precision.T + constant
        return logits.softmax(-1)

    @torch.no_grad()
    def forward(self, descriptors: Tensor, places: Tensor) -> Tensor:
        """Encode (N, P, values) descriptors at (P, 2) places as (N, length) vectors of unit length."""
        count = descriptors.shape[1]
        points = torch.cat([(descriptors - self.origin) @ self.basis, places.expand(len(descriptors), -1, -1)], dim=2)
        weights = self._responsibilities(points)
        total = weights.sum(1)[..., None]
        first, second = weights.mT @ points, weights.mT @ (points * points)
        root = self.shares.sqrt()[:, None]
        by_mean = (first - total * self.means) / self.deviations / (count * root)
        spread = (second - 2 * self.means * first + total * self.means**2) / self.deviations**2 - total
        vectors = torch.cat([by_mean, spread / (count * math.sqrt(2) * root)], dim=1).flatten(1)
        vectors = vectors.sign() * vectors.abs().sqrt()
        return functional.normalize(vectors, dim=1)
