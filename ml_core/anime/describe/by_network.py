"""A picture described by what a network makes of it before its last layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from ml_core.anime.classifier.network import CharacterNetwork

_BATCH: Final = 64

Progress = Callable[[int, int], None]


class NetworkDescriber:
    """Stands where a `Describer` stands; ``length`` is that of a description."""

    def __init__(self, network: CharacterNetwork) -> None:
        self.network = network
        self.length = network.length

    def describe(self, pictures: Tensor, progress: Progress | None = None) -> Tensor:
        """(N, 3, S, S) uint8 to (N, length) float32."""
        found = []
        for start in range(0, len(pictures), _BATCH):
            found.append(self.network.features(pictures[start : start + _BATCH]))
            if progress is not None:
                progress(min(start + _BATCH, len(pictures)), len(pictures))
        return torch.cat(found) if found else torch.zeros(0, self.length)

    def state_dict(self) -> dict[str, Tensor]:
        """What descriptions depend on."""
        return {name: tensor for name, tensor in self.network.net.state_dict().items() if "classifier" not in name}
