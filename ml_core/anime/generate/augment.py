"""Random changes that real and painted images undergo alike before the discriminator sees them; gradients pass through.

S. Zhao et al., "Differentiable augmentation for data-efficient GAN training", NeurIPS 2020: the discriminator cannot
learn a few dozen images by heart when it never sees one twice, and the generator does not learn to make the changes,
since its own images undergo them too.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

_SHIFT: Final = 1 / 8  # of a side
_HOLE: Final = 1 / 3  # of a side


def augment(images: Tensor) -> Tensor:
    """Colour, place and a hole of (N, 3, S, S) images of 0..1; draws come from torch's own generator."""
    return _hole(_shifted(_coloured(images)))


def _draw(images: Tensor) -> Tensor:
    return torch.rand(len(images), 1, 1, 1, device=images.device, dtype=images.dtype)


def _coloured(images: Tensor) -> Tensor:
    images = images + (_draw(images) - 0.5) * 0.6
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * (0.5 + _draw(images))
    middle = images.mean((1, 2, 3), keepdim=True)
    return middle + (images - middle) * (0.6 + 0.8 * _draw(images))


def _shifted(images: Tensor) -> Tensor:
    """Moved by up to an eighth; the rim is repeated."""
    size = images.shape[-1]
    most = max(1, round(size * _SHIFT))
    padded = functional.pad(images, (most, most, most, most), mode="replicate")
    corners = torch.randint(0, 2 * most + 1, (len(images), 2)).tolist()
    parts = [row[:, top : top + size, left : left + size] for row, (top, left) in zip(padded, corners, strict=True)]
    return torch.stack(parts)


def _hole(images: Tensor) -> Tensor:
    """A square of grey somewhere, partly outside at times."""
    size = images.shape[-1]
    half = round(size * _HOLE / 2)
    centres = torch.randint(0, size + 1, (len(images), 2)).to(images.device)
    places = torch.arange(size, device=images.device)
    rows = (places[None] - centres[:, :1]).abs() <= half
    columns = (places[None] - centres[:, 1:]).abs() <= half
    return images.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0.5)
