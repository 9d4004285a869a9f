"""A moving average of the weights (Polyak averaging), often better than the last weights themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class MovingAverage:
    """Follows a model. Parameters are averaged; buffers, such as running statistics, are copied.

    Early on the decay is smaller, ``(1 + n) / (10 + n)`` after ``n`` updates, so that the random start is forgotten.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self.updates = 0
        self._parameters = [p for p in model.parameters() if p.is_floating_point()]
        self._averages = [p.detach().clone() for p in self._parameters]

    @torch.no_grad()
    def update(self) -> None:
        """After each step."""
        self.updates += 1
        decay = min(self._decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(self._averages, [p.detach() for p in self._parameters], 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The model has the averaged weights inside, and its own again afterwards."""
        self.swap()
        try:
            yield
        finally:
            self.swap()

    def swap(self) -> None:
        """Exchange the model's parameters and the averages."""
        for parameter, average in zip(self._parameters, self._averages, strict=True):
            parameter.data, average.data = average.data, parameter.data

    def tensors(self) -> dict[str, Tensor]:
        """The averages, by position."""
        return {str(position): average for position, average in enumerate(self._averages)}

    @torch.no_grad()
    def load(self, tensors: dict[str, Tensor], updates: int) -> None:
        """Take back what ``tensors`` gave."""
        for position, average in enumerate(self._averages):
            average.copy_(tensors[str(position)])
        self.updates = updates
