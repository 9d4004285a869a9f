"""An image described by what a network makes of it: its last features, and statistics of its maps at every depth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor, nn

from ml_core.anime.classifier.network import CharacterNetwork, at_size, both_ways, mean_of_both

_BATCH: Final = 64

Progress = Callable[[int, int], None]


class NetworkDescriber(nn.Module):
    """Stands where a `Describer` stands. It learns with its network: statistics are scaled as in training.

    Attributes:
        network: The network.
        length: Number of values of a description.
    """

    def __init__(self, network: CharacterNetwork) -> None:
        super().__init__()
        self.network = network
        self.scale = nn.BatchNorm1d(network.statistics_length, affine=False)
        self.length = network.length + network.statistics_length

    def forward(self, views: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, size, size) float 0..1 to logits (N, classes) and descriptions (N, length)."""
        features, statistics = self.network.seen(views)
        return self.network.classify(features), torch.cat([features, self.scale(statistics)], dim=1)

    @torch.no_grad()
    def look(self, pictures: Tensor, progress: Progress | None = None) -> tuple[Tensor, Tensor]:
        """(N, 3, S, S) uint8 to both, the means over each picture and its mirror image."""
        self.eval()
        logits, descriptions = [], []
        for start in range(0, len(pictures), _BATCH):
            views = at_size(pictures[start : start + _BATCH], self.network.size).to(self.network.mean.device)
            said, described = self(both_ways(views))
            logits.append(mean_of_both(said).cpu())
            descriptions.append(mean_of_both(described).cpu())
            if progress is not None:
                progress(min(start + _BATCH, len(pictures)), len(pictures))
        if not logits:
            return torch.zeros(0, self.network.classes), torch.zeros(0, self.length)
        return torch.cat(logits), torch.cat(descriptions)

    def describe(self, pictures: Tensor, progress: Progress | None = None) -> Tensor:
        """(N, 3, S, S) uint8 to (N, length) float32."""
        return self.look(pictures, progress)[1]
