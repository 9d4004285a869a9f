"""A small network that knows what a target looks like among its surroundings, learned from planted ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml_core.hsi.anomaly.surroundings import MEASUREMENTS

_DILATIONS = (1, 2, 4)
_SHIFT = 0.8  # standard deviations


class TargetNetwork(nn.Module):
    """Measurements of a scene to a logit for each pixel.

    A target differs from lines, edges and rough ground in the shape of its measurements, so single pixels are not
    enough: three dilated convolutions see 15 x 15 pixels. In training every measurement of a crop is shifted at
    random: how measurements compare differs between scenes more than a few scenes can show.

    Args:
        features: Maps of a pixel, see `surroundings`.
        width: Channels.
    """

    mean: Tensor
    spread: Tensor
    reach = sum(_DILATIONS)

    def __init__(self, features: int = MEASUREMENTS, width: int = 24) -> None:
        super().__init__()
        self.enter = nn.Conv2d(features, width, 1)
        self.mix = nn.Conv2d(width, width, 1)
        self.convolutions = nn.ModuleList(nn.Conv2d(width, width, 3, dilation=d) for d in _DILATIONS)
        self.leave = nn.Conv2d(width, 1, 1)
        self.register_buffer("mean", torch.zeros(features, 1, 1))
        self.register_buffer("spread", torch.ones(features, 1, 1))

    def set_scale(self, mean: Tensor, spread: Tensor) -> None:
        """Tell mean and standard deviation of each measurement, (features,) each."""
        self.mean.copy_(mean[:, None, None])
        self.spread.copy_(spread.clamp(min=1e-3)[:, None, None])

    def forward(self, maps: Tensor) -> Tensor:
        """(batch, features, H, W) to logits (batch, H, W); the border is repeated outwards."""
        z = (maps - self.mean) / self.spread
        if self.training:
            z = z + _SHIFT * torch.randn(*z.shape[:2], 1, 1, device=z.device, dtype=z.dtype)
        z = functional.gelu(self.enter(z))
        z = z + functional.gelu(self.mix(z))
        for convolution, dilation in zip(self.convolutions, _DILATIONS, strict=True):
            z = z + functional.gelu(convolution(functional.pad(z, (dilation,) * 4, mode="replicate")))
        logits: Tensor = self.leave(z)[:, 0]
        return logits
