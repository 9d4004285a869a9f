"""The composite picture as a cue: the colours of the star in its middle, measured, and a small network round them.

Only the middle counts: the star covers a few pixels, and all else is neighbours and sky. The colours through three
apertures do as well as a network by themselves; the network sees blends, trails and stars off their place.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from ml_core.stellar.classifier.head import TypeEstimate, TypeHead

#: Side of the middle that is looked at; at .55" a pixel it is 18".
SIDE: Final = 32
_APERTURES: Final = (1.5, 2.5, 4.5)
_SKY: Final = (10.0, 16.0)
_CHANNELS: Final = (16, 32, 48)
#: Lowest signal in a colour, in parts of full scale: below it a ratio says nothing.
_FAINT: Final = 0.01
FEATURES: Final = 4 * len(_APERTURES) + 3
EMBEDDING: Final = 2 * _CHANNELS[-1] + FEATURES


class ImageHead(nn.Module):
    """Type from a picture."""

    apertures: Tensor
    sky: Tensor

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        y, x = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
        radius = torch.hypot(x - (SIDE - 1) / 2, y - (SIDE - 1) / 2)
        weights = torch.stack([torch.exp(-0.5 * (radius / width).square()) for width in _APERTURES])
        self.register_buffer("apertures", weights / weights.sum((1, 2), keepdim=True), persistent=False)
        self.register_buffer("sky", (radius > _SKY[0]) & (radius < _SKY[1]), persistent=False)
        layers: list[nn.Module] = []
        before = 3
        for channels in _CHANNELS:
            layers += [nn.Conv2d(before, channels, 3, stride=2, padding=1), nn.GroupNorm(4, channels), nn.GELU()]
            before = channels
        self.network = nn.Sequential(*layers)
        self.head = TypeHead(EMBEDDING, dropout=dropout)

    @torch.no_grad()
    def standardise(self, image: Tensor) -> None:
        """Take centre and scale of the measured colours from training pictures (N, S, S, 3)."""
        features = self.measure(middle(image))
        self.head.centre[-FEATURES:] = features.mean(0)
        self.head.scale[-FEATURES:] = features.std(0, correction=0).clamp(min=1e-3)

    def embed(self, image: Tensor) -> Tensor:
        """(N, 3, SIDE, SIDE) in 0..1 to (N, EMBEDDING)."""
        maps = self.network(image * 4 - 1)
        return torch.cat([maps.mean((2, 3)), maps.amax((2, 3)), self.measure(image)], 1)

    def forward(self, image: Tensor) -> TypeEstimate:
        """(N, 3, SIDE, SIDE) in 0..1, as `middle` makes it."""
        return self.estimate(self.embed(image))

    def estimate(self, embedding: Tensor) -> TypeEstimate:
        """(N, EMBEDDING) to a distribution per star."""
        estimate: TypeEstimate = self.head(embedding)
        return estimate

    def measure(self, image: Tensor) -> Tensor:
        """Colours and brightness through the apertures over the sky round the star: (N, FEATURES)."""
        sky = image[:, :, self.sky].median(2).values
        light = torch.einsum("ncyx,ayx->nac", image, self.apertures) - sky.unsqueeze(1)
        log = light.clamp(min=_FAINT).log()
        red, green, blue = log.unbind(2)
        return torch.cat([red - green, green - blue, red - blue, log.mean(2), sky], 1)


def middle(image: Tensor) -> Tensor:
    """The middle of pictures (N, S, S, 3) of 0..255 as (N, 3, SIDE, SIDE) of 0..1."""
    top, left = (image.shape[1] - SIDE) // 2, (image.shape[2] - SIDE) // 2
    cut = image[:, top : top + SIDE, left : left + SIDE]
    return cut.permute(0, 3, 1, 2).float() / 255.0
