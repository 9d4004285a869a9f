"""How like each character's mean picture a picture is."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from ml_core.anime.recognise.metric import class_means

_TRUST: Final = 0.25  # half of the exact power: the full one lets the noise of single pictures win over known names


def prototypes(vectors: Tensor, labels: Tensor, classes: int) -> Tensor:
    """(classes, R) unit vectors, the directions of the class means. A class without pictures has a zero vector."""
    return functional.normalize(class_means(vectors, labels, classes), dim=1)


def few_picture_factors(counts: Tensor, kinship: float) -> Tensor:
    """What similarities to prototypes of few pictures are multiplied by, (classes,).

    The mean of n unit vectors whose products are ρ in expectation has the expected squared length ρ + (1 - ρ) / n, so
    its cosine to another picture of the character is too small by the root of that over ρ. This factor makes up for
    the square root of it: all of it would give pictures of known characters away to new ones.

    Args:
        counts: (classes,) pictures of each character.
        kinship: ρ, the mean product of two pictures of one character.
    """
    kinship = min(max(kinship, 0.05), 1.0)
    numbers = counts.clamp(min=1).to(torch.float32)
    return ((kinship + (1 - kinship) / numbers) / kinship) ** _TRUST


def similarities(vectors: Tensor, directions: Tensor, factors: Tensor) -> Tensor:
    """(N, classes) cosines between pictures and prototypes, times the factors."""
    return vectors @ directions.T * factors
