"""Generator and discriminator: from noise and a label to an image with ``Upsample`` and ``Conv2d`` only, and back.

The generator follows StyleGAN2 (T. Karras et al., CVPR 2020): noise and label become a style, which scales the channels
of every convolution, and each resolution adds its part of the image. The scales are put on the inputs and outputs of an
ordinary convolution, which is the same as scaling its weights, and quicker for a batch. Coarse maps open and close the
channels of fine ones (skip-layer excitation, B. Liu et al., "Towards faster and stabilized GAN training for
high-fidelity few-shot image synthesis", ICLR 2021). The discriminator answers for overlapping parts of an image, keeps
its gradients bounded by spectral norms (T. Miyato et al., ICLR 2018), and is told the label by a projection (T. Miyato
and M. Koyama, ICLR 2018).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

NOISE: Final = 32  # values of noise: fewer than a character has images, so that codes lie densely
STYLE: Final = 96  # values of a style
_COARSEST: Final = range(4, 8)  # pixels of a side of the first map
_LABEL: Final = 32
_SLOPE: Final = 0.2


def steps_up(size: int) -> tuple[int, int]:
    """Pixels of a side of the first map, and how often it is doubled to reach ``size``.

    Raises:
        ValueError: No map of 4 to 7 pixels doubles to this size.
    """
    for doublings in range(1, 10):
        first, rest = divmod(size, 2**doublings)
        if rest == 0 and first in _COARSEST:
            return first, doublings
    raise ValueError(f"{size} is not 4, 5, 6 or 7 times a power of two")


class StyledConv(nn.Module):
    """A convolution whose input channels are scaled by a style; outputs keep unit variance, and noise is added."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int = 3, *, is_plain: bool = False) -> None:
        super().__init__()
        self.scales = nn.Linear(STYLE, channels_in)
        nn.init.ones_(self.scales.bias)
        nn.init.normal_(self.scales.weight, std=STYLE**-0.5 / 2)
        self.conv = nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2, padding_mode="replicate")
        nn.init.normal_(self.conv.weight, std=(0.5 if is_plain else 1.0) * (channels_in * kernel**2) ** -0.5)
        assert self.conv.bias is not None
        nn.init.zeros_(self.conv.bias)
        self._is_plain = is_plain

    def forward(self, maps: Tensor, style: Tensor) -> Tensor:
        """(N, C, h, w) maps and (N, STYLE) styles to (N, C', h, w)."""
        scales = self.scales(style)
        weight, bias = self.conv.weight, self.conv.bias
        assert bias is not None
        scaled = maps * scales[:, :, None, None]
        found: Tensor = self.conv(scaled)
        if self._is_plain:
            return found
        power = (scales.float() ** 2) @ weight.float().pow(2).sum((2, 3)).T
        shift = bias[None, :, None, None]
        found = (found - shift) * torch.rsqrt(power + 1e-6)[:, :, None, None].to(found.dtype) + shift
        return functional.leaky_relu(found, _SLOPE) * 2**0.5


class Excitation(nn.Module):
    """Coarse maps open and close the channels of fine ones."""

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(coarse, fine, 4)
        self.gate = nn.Conv2d(fine, fine, 1)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """(N, C, h, w) and (N, C', H, W) to the latter, gated."""
        seen = functional.leaky_relu(self.squeeze(functional.adaptive_avg_pool2d(coarse, 4)), 0.1)
        return fine * (torch.sigmoid(self.gate(seen)) * 2)


class Generator(nn.Module):
    """See the module's text.

    Args:
        classes: Number of labels.
        size: Pixels of a side of the image.
        channels: Of the maps, from the coarsest to the finest; the last is repeated if there are fewer than needed.
    """

    def __init__(self, classes: int, size: int, channels: list[int]) -> None:
        super().__init__()
        self.classes, self.size = classes, size
        self.channels = list(channels)
        first, doublings = steps_up(size)
        width = [*channels, *[channels[-1]] * doublings][: doublings + 1]
        self.labels = nn.Embedding(classes, _LABEL)
        self.mapping = nn.Sequential(
            nn.Linear(NOISE + _LABEL, STYLE), nn.LeakyReLU(_SLOPE), nn.Linear(STYLE, STYLE), nn.LeakyReLU(_SLOPE)
        )
        self.start = nn.Linear(NOISE + _LABEL, width[0] * first * first)
        self._first = first
        self.enter = StyledConv(width[0], width[0])
        self.convs = nn.ModuleList(StyledConv(a, b) for a, b in pairwise(width))
        self.looks = nn.ModuleList(StyledConv(c, c) for c in width[1:-1])
        self.paints = nn.ModuleList(StyledConv(c, 3, 1, is_plain=True) for c in width[1:])
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.far = max(1, doublings - 2)  # how many doublings lie between the two ends of an excitation
        self.gates = nn.ModuleList(Excitation(width[k], width[k + self.far]) for k in range(doublings + 1 - self.far))

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """(N, NOISE) normal noise and (N,) labels to images (N, 3, size, size), mostly within 0..1."""
        asked = torch.cat([noise, self.labels(labels)], dim=1)
        style = self.mapping(asked)
        start = self.start(asked).view(len(asked), -1, self._first, self._first)
        maps = [self.enter(functional.leaky_relu(start, _SLOPE), style)]
        image: Tensor | None = None
        for k, (conv, paint) in enumerate(zip(self.convs, self.paints, strict=True), start=1):
            finer = conv(self.up(maps[-1]), style)
            if k <= len(self.looks):
                finer = self.looks[k - 1](finer, style)
            if k >= self.far:
                finer = self.gates[k - self.far](maps[k - self.far], finer)
            maps.append(finer)
            part = paint(finer, style)
            image = part if image is None else self.up(image) + part
        assert image is not None
        return 0.5 + 0.25 * image.float()


class Discriminator(nn.Module):
    """See the module's text.

    Args:
        classes: Number of labels.
        size: Pixels of a side of an image.
        channels: Of the maps, from the coarsest to the finest, as for the generator.
    """

    def __init__(self, classes: int, size: int, channels: list[int]) -> None:
        super().__init__()
        _, doublings = steps_up(size)
        halvings = doublings - 1  # ends at maps of twice the generator's first
        width = [*channels, *[channels[-1]] * doublings][: halvings + 1][::-1]
        self.enter = spectral_norm(nn.Conv2d(3, width[0], 3, padding=1))
        self.downs = nn.ModuleList(_Down(a, b) for a, b in pairwise(width))
        last = width[-1]
        self.see = spectral_norm(nn.Conv2d(last, last, 4))
        self.judge = spectral_norm(nn.Conv2d(last, 1, 1))
        self.labels = spectral_norm(nn.Embedding(classes, last))

    def maps(self, images: Tensor) -> Tensor:
        """(N, 3, size, size) of 0..1 to the coarsest maps."""
        maps = functional.leaky_relu(self.enter(images * 2 - 1), _SLOPE)
        for down in self.downs:
            maps = down(maps)
        return maps

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Logits (N, 1, h, w) of images with the labels they claim, for overlapping parts: larger is more real."""
        seen = functional.leaky_relu(self.see(self.maps(images)), _SLOPE)
        by_label = (seen * self.labels(labels)[:, :, None, None]).sum(1, keepdim=True)
        found: Tensor = self.judge(seen) + by_label
        return found


class _Down(nn.Module):
    """Halves maps: a convolution that sees, beside an average that keeps gradients flowing."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.see = spectral_norm(nn.Conv2d(channels_in, channels_out, 4, stride=2, padding=1))
        self.look = spectral_norm(nn.Conv2d(channels_out, channels_out, 3, padding=1))
        self.keep = spectral_norm(nn.Conv2d(channels_in, channels_out, 1))

    def forward(self, maps: Tensor) -> Tensor:
        seen = functional.leaky_relu(self.see(maps), _SLOPE)
        seen = functional.leaky_relu(self.look(seen), _SLOPE)
        kept = functional.leaky_relu(self.keep(functional.avg_pool2d(maps, 2)), _SLOPE)
        return (seen + kept) / 2**0.5
