"""A small network that knows what a target looks like among its surroundings, learned from planted ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml_core.hsi.anomaly.features import FEATURES
from ml_core.hsi.anomaly.heads import OneClassHead

_DILATIONS = (1, 2, 4)


class TargetNetwork(nn.Module):
    """Measurements of a scene to a logit for each pixel.

    A target differs from lines, edges and rough ground in the shape of its measurements, so single pixels are not
    enough: three dilated convolutions see 15 x 15 pixels.

    Args:
        features: Maps of a pixel, see `Measured.logarithms`.
        width: Channels.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, features: int = FEATURES, width: int = 24) -> None:
        super().__init__()
        self.features, self.width = features, width
        self.enter = nn.Conv2d(features, width, 1)
        self.convolutions = nn.ModuleList(nn.Conv2d(width, width, 3, dilation=d) for d in _DILATIONS)
        self.head = OneClassHead(width)
        self.register_buffer("mean", torch.zeros(features, 1, 1))
        self.register_buffer("spread", torch.ones(features, 1, 1))

    reach = sum(_DILATIONS)

    def set_scale(self, maps: Tensor) -> None:
        """Take mean and spread of each measurement from (N, features, H, W)."""
        self.mean.copy_(maps.mean(dim=(0, 2, 3))[:, None, None])
        self.spread.copy_(maps.std(dim=(0, 2, 3)).clamp(min=1e-3)[:, None, None])

    def forward(self, maps: Tensor) -> Tensor:
        """(batch, features, H, W) to logits (batch, H, W); the border is repeated outwards."""
        z = functional.relu(self.enter((maps - self.mean) / self.spread))
        for convolution, dilation in zip(self.convolutions, _DILATIONS, strict=True):
            z = z + functional.relu(convolution(functional.pad(z, (dilation,) * 4, mode="replicate")))
        logits: Tensor = self.head.net(z.movedim(1, -1)).squeeze(-1)
        return logits
