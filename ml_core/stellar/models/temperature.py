"""One number that makes over-confident probabilities honest."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

_SOFTEST: Final = 10.0
_STEPS: Final = 200
_FEWEST_STARS: Final = 10


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """Temperature from 1 to 10 under which the labels are most likely (Guo et al. 2017, arXiv:1706.04599).

    Never below 1: sharper answers would fit held-out stars of the same survey and be wrong about any other.

    Args:
        logits: (N, classes) of stars that were not trained on.
        labels: (N,). With fewer than ten stars nothing is fitted.
    """
    if len(labels) < _FEWEST_STARS:
        return 1.0
    candidates = torch.linspace(0, math.log(_SOFTEST), _STEPS).exp().tolist()
    losses = [float(functional.cross_entropy(logits / value, labels)) for value in candidates]
    return float(candidates[losses.index(min(losses))])
