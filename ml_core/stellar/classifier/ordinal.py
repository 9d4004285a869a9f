"""A class as an interval of one continuous type: M0 ends at 0.5, M1 at 1.5, and nobody knows more than the interval.

The label of a star says that its type lies between two edges and not where. A head gives the mean and the deviation of
a normal distribution over the type, and the probability of a class is the mass between its edges; the end classes are
open. This is interval-censored regression (Tobin 1958; McCullagh 1980 for ordered classes): it knows that M1 lies
between M0 and M2, and it needs class labels only.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from ml_core.stellar.spectra.subclass import CLASSES

#: Type at which a class goes over into the next.
EDGES: Final = tuple(label + 0.5 for label in range(len(CLASSES) - 1))
#: The range of types that is shown; the mean of an open end class overshoots.
TYPE_RANGE: Final = (-1.0, 6.0)
#: Share of labels that may be plainly wrong; bounds what one star can do to the loss.
_WRONG: Final = 0.01


def class_probabilities(mean: Tensor, deviation: Tensor) -> Tensor:
    """Mass of a normal distribution in every class: (...,) and (...,) to (..., classes)."""
    edges = torch.tensor(EDGES, dtype=mean.dtype, device=mean.device)
    below = torch.special.ndtr((edges - mean.unsqueeze(-1)) / deviation.unsqueeze(-1))
    low, high = torch.zeros_like(below[..., :1]), torch.ones_like(below[..., :1])
    return torch.cat([below, high], -1) - torch.cat([low, below], -1)


def interval_loss(mean: Tensor, deviation: Tensor, label: Tensor) -> Tensor:
    """Negative log likelihood of the labels (N,), averaged; 0 for no rows."""
    if len(label) == 0:
        return mean.sum() * 0.0
    return label_loss(class_probabilities(mean, deviation), label)


def label_loss(probabilities: Tensor, label: Tensor) -> Tensor:
    """Cross-entropy of class probabilities (N, classes) with a floor for labels that are plainly wrong."""
    chance = 1.0 / probabilities.shape[-1]
    taken = probabilities.gather(1, label.unsqueeze(1)).squeeze(1)
    return -((1 - _WRONG) * taken + _WRONG * chance).log().mean()
