"""The head that all cues share: numbers about a star to a normal distribution over its type."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from ml_core.stellar.classifier.ordinal import class_probabilities, interval_loss

#: The type that an untrained head answers: the middle class.
_MIDDLE: Final = 2.0
_LOG_DEVIATION: Final = (math.log(0.02), math.log(8.0))
#: Inputs further from the training stars than this many deviations say no more than these.
_FAR: Final = 8.0


class TypeEstimate(NamedTuple):
    """A normal distribution over the type of each star: ``mean`` and ``deviation``, both (N,)."""

    mean: Tensor
    deviation: Tensor

    def probabilities(self) -> Tensor:
        """(N, classes)."""
        return class_probabilities(self.mean, self.deviation)

    def loss(self, label: Tensor) -> Tensor:
        """Negative log likelihood of the labels (N,), averaged."""
        return interval_loss(self.mean, self.deviation, label)

    def rows(self, index: Tensor | slice) -> TypeEstimate:
        """Some of the stars."""
        return TypeEstimate(self.mean[index], self.deviation[index])

    def detached(self) -> TypeEstimate:
        """The same without gradient."""
        return TypeEstimate(self.mean.detach(), self.deviation.detach())


class TypeHead(nn.Module):
    """A small perceptron for mean and deviation.

    Args:
        inputs: Numbers per star.
        hidden: Width of the two hidden layers.
        linear: Mean as a linear function of the inputs. It loses a little on stars like those of the training and
            gains on stars of another metallicity or library, where a perceptron extrapolates wildly.
        dropout: In training.
    """

    centre: Tensor
    scale: Tensor

    def __init__(self, inputs: int, hidden: int = 64, *, linear: bool = False, dropout: float = 0.1) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(inputs))
        self.register_buffer("scale", torch.ones(inputs))
        self.hidden = nn.Sequential(
            nn.Linear(inputs, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, hidden), nn.GELU(),
            nn.Dropout(dropout),
        )  # fmt: skip
        self.log_deviation = nn.Linear(hidden, 1)
        self.mean: nn.Module = nn.Linear(inputs if linear else hidden, 1)
        self.linear = linear

    @torch.no_grad()
    def standardise(self, values: Tensor) -> None:
        """Take centre and scale of the inputs from training stars (N, inputs)."""
        self.centre.copy_(values.mean(0))
        self.scale.copy_(values.std(0, correction=0).clamp(min=1e-6))

    def forward(self, values: Tensor) -> TypeEstimate:
        """(N, inputs) to a distribution per star."""
        inputs = ((values - self.centre) / self.scale).clamp(-_FAR, _FAR)
        hidden = self.hidden(inputs)
        mean = self.mean(inputs if self.linear else hidden).squeeze(1) + _MIDDLE
        low, high = _LOG_DEVIATION
        return TypeEstimate(mean, (self.log_deviation(hidden).squeeze(1) - 1).clamp(low, high).exp())
