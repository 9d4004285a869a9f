"""A distance in which pictures of one character lie close: linear discriminant analysis with shrinkage.

Descriptions are reduced to their principal components and whitened by the scatter within characters. What differs
between pictures of one character (light, pose, style) so counts little, also for characters that were not there when
the metric was learnt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

COMPONENTS: Final = 400
SHRINKAGE: Final = 0.3  # share of the mean variance that is mixed into the scatter, which few pictures tell badly
_MOST_PICTURES: Final = 4_000  # beyond these the principal components hardly change, but their cost grows cubed


@dataclass(frozen=True)
class Metric:
    """See the module's text.

    Attributes:
        origin: (D,) mean description.
        basis: (D, R) into the space of the metric.
    """

    origin: Tensor
    basis: Tensor

    def __call__(self, descriptions: Tensor) -> Tensor:
        """(N, D) descriptions to (N, R) vectors of unit length."""
        return functional.normalize((descriptions - self.origin) @ self.basis, dim=1)


def fit_metric(descriptions: Tensor, labels: Tensor, components: int = COMPONENTS) -> Metric:
    """Learn the metric in closed form; no draw takes part.

    Args:
        descriptions: (N, D) float32.
        labels: (N,) int64, numbers of characters.
        components: Most principal components that are kept.
    """
    every = -(-len(descriptions) // _MOST_PICTURES)
    origin = descriptions.mean(0)
    directions = principal_directions(descriptions[::every] - origin, components)
    reduced = (descriptions - origin) @ directions
    characters, of = torch.unique(labels, return_inverse=True)
    residuals = (reduced - class_means(reduced, of, len(characters))[of]).double()
    scatter = residuals.T @ residuals / max(1, len(reduced) - len(characters))
    mean_variance = scatter.diagonal().mean().clamp(min=1e-12)
    identity = torch.eye(len(scatter), dtype=scatter.dtype)
    shrunk = (1 - SHRINKAGE) * scatter + SHRINKAGE * mean_variance * identity
    whitening = torch.linalg.solve_triangular(torch.linalg.cholesky(shrunk), identity, upper=False).T
    return Metric(origin, directions @ whitening.to(directions.dtype))


def class_means(vectors: Tensor, labels: Tensor, classes: int) -> Tensor:
    """(classes, R) means of (N, R) vectors; zero where a class has none."""
    counts = torch.bincount(labels, minlength=classes).clamp(min=1).to(vectors.dtype)
    return torch.zeros(classes, vectors.shape[1], dtype=vectors.dtype).index_add_(0, labels, vectors) / counts[:, None]


def principal_directions(centred: Tensor, components: int) -> Tensor:
    """(D, R) orthonormal, strongest first; through the products of pictures, which are fewer than values."""
    products = (centred @ centred.T).double()
    variances, vectors = torch.linalg.eigh(products)
    kept = min(components, int((variances > 1e-6 * variances[-1].clamp(min=1e-12)).sum()))
    variances, vectors = variances.flip(0)[: max(1, kept)], vectors.flip(1)[:, : max(1, kept)]
    directions: Tensor = centred.T @ (vectors / variances.clamp(min=1e-12).sqrt()).to(centred.dtype)
    return torch.where(directions.sum(0) < 0, -directions, directions)
