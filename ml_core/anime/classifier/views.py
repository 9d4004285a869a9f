"""Random views of pictures for training: crop, mirror, turn, light and colour, computed for a batch at once.

Each picture's draws follow from seed, epoch and position alone, so that a resumed training sees the same views.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

_COLUMNS = 12


@dataclass(frozen=True)
class ViewSettings:
    """How far a view may differ from its picture.

    Attributes:
        least_area: Smallest share of the picture that a crop shows.
        degrees: Half of the views are turned by up to this.
        colour: Relative change of brightness and contrast; saturation changes up to twice as much. The hue stays:
            it tells characters apart.
    """

    least_area: float = 0.4
    degrees: float = 15.0
    colour: float = 0.15


def draw_numbers(seed: int, epoch: int, indices: Sequence[int]) -> NDArray[np.float64]:
    """(N, 12) numbers between 0 and 1."""
    return np.stack([np.random.default_rng([seed, epoch, index]).random(_COLUMNS) for index in indices])


def make_views(pixels: Tensor, size: int, draws: NDArray[np.float64], settings: ViewSettings) -> Tensor:
    """(N, 3, S, S) uint8 to (N, 3, size, size) float32 0..1."""
    numbers = torch.from_numpy(draws).float()
    grid = functional.affine_grid(_frames(numbers, settings), [len(pixels), 3, size, size], align_corners=False)
    views = functional.grid_sample(
        _not_too_fine(pixels.float() / 255, size), grid, padding_mode="reflection", align_corners=False
    )
    return _coloured(views, numbers, settings.colour).clamp(0, 1)


def _not_too_fine(pictures: Tensor, size: int) -> Tensor:
    """A picture more than twice as fine as the view is averaged first; reading single pixels of it would flicker."""
    coarser = pictures.shape[-1] // (2 * size)
    return functional.avg_pool2d(pictures, coarser) if coarser > 1 else pictures


def _frames(numbers: Tensor, settings: ViewSettings) -> Tensor:
    """(N, 2, 3) affine maps from the view to the picture."""
    area = settings.least_area + (1 - settings.least_area) * numbers[:, 0]
    ratio = torch.exp((2 * numbers[:, 1] - 1) * math.log(4 / 3))
    width, height = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
    mirror = torch.where(numbers[:, 2] < 0.5, -1.0, 1.0)
    turned = (numbers[:, 3] < 0.5).float() * math.radians(settings.degrees)
    angle = (2 * numbers[:, 4] - 1) * turned
    cosine, sine = torch.cos(angle), torch.sin(angle)
    frames = torch.zeros(len(numbers), 2, 3)
    frames[:, 0, 0], frames[:, 0, 1] = width * mirror * cosine, -height * sine
    frames[:, 1, 0], frames[:, 1, 1] = width * mirror * sine, height * cosine
    frames[:, 0, 2] = (2 * numbers[:, 5] - 1) * (1 - width)
    frames[:, 1, 2] = (2 * numbers[:, 6] - 1) * (1 - height)
    return frames


def _coloured(views: Tensor, numbers: Tensor, strength: float) -> Tensor:
    def factor(column: int, most: float) -> Tensor:
        return 1 + (2 * numbers[:, column] - 1).view(-1, 1, 1, 1) * most

    views = views * factor(7, strength)
    mean = views.mean((1, 2, 3), keepdim=True)
    views = (views - mean) * factor(8, strength) + mean
    grey = views.mean(1, keepdim=True)
    views = (views - grey) * factor(9, 2 * strength) + grey
    tint = 1 + (2 * numbers[:, 9:12] - 1).view(-1, 3, 1, 1) * 0.3 * strength
    return views * tint
