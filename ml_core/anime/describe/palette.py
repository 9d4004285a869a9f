"""Colours of a picture and roughly where they are: histograms of hue, saturation and value in a pyramid of cells."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

_HUES: Final = 12
_SATURATIONS: Final = 4
_VALUES: Final = 4
_PYRAMID: Final = (1, 2, 3)  # cells along a side: the whole picture, its quarters, its ninths
COLOURS: Final = _HUES * _SATURATIONS * _VALUES
LENGTH: Final = COLOURS * sum(cells**2 for cells in _PYRAMID)


def palette(pictures: Tensor) -> Tensor:
    """(N, 3, S, S) float32 pictures with values 0..1 to (N, LENGTH) vectors of unit length.

    Roots of shares, so that the product of two vectors is the mean Bhattacharyya coefficient of their histograms.
    """
    colours = _colour_numbers(pictures)
    size = colours.shape[1]
    parts = []
    for cells in _PYRAMID:
        edges = [round(size * part / cells) for part in range(cells + 1)]
        for top, bottom in pairwise(edges):
            for left, right in pairwise(edges):
                parts.append(_shares(colours[:, top:bottom, left:right].flatten(1)).sqrt())
    return functional.normalize(torch.cat(parts, dim=1), dim=1)


def _colour_numbers(pictures: Tensor) -> Tensor:
    """(N, S, S) int64: the bin of each pixel."""
    red, green, blue = pictures.unbind(1)
    value, highest = pictures.max(1)
    chroma = value - pictures.amin(1)
    saturation = chroma / value.clamp(min=1e-6)
    safe = chroma.clamp(min=1e-6)
    sixths = torch.stack([((green - blue) / safe) % 6, (blue - red) / safe + 2, (red - green) / safe + 4], dim=1)
    hue = sixths.gather(1, highest[:, None])[:, 0] / 6
    hue = torch.where(chroma > 0, hue, 0.0)
    return (_bin(hue, _HUES) * _SATURATIONS + _bin(saturation, _SATURATIONS)) * _VALUES + _bin(value, _VALUES)


def _bin(values: Tensor, bins: int) -> Tensor:
    return (values * bins).long().clamp(0, bins - 1)


def _shares(numbers: Tensor) -> Tensor:
    counts = torch.zeros(len(numbers), COLOURS)
    counts.scatter_add_(1, numbers, torch.ones_like(numbers, dtype=counts.dtype))
    return counts / numbers.shape[1]
