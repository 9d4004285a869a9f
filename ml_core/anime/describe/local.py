"""Dense local descriptors: what edges and colours lie around every few pixels.

Edges as in dense SIFT (D. Lowe, IJCV 60, 2004): orientation histograms of 4 x 4 cells, here with smooth bins. Colours
as mean and deviation of three opponent channels in the same cells (the local colour statistics of F. Perronnin,
J. Sánchez and T. Mensink, ECCV 2010).
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

CELLS: Final = (4, 6)  # sides of a cell in pixels; a descriptor covers 4 x 4 cells
STEP: Final = 4  # pixels between neighbouring descriptors, where nothing else is said
ORIENTATIONS: Final = 8
_GRID: Final = 4
_SHARPNESS: Final = 6  # power of the cosine by which a gradient counts for an orientation
_FLAT: Final = 0.02  # length below which a descriptor of edges holds noise alone
_PEAK: Final = 0.25  # no single value may outweigh the others (Lowe, section 6.1)
_UNIFORM_DEVIATION: Final = math.sqrt(1 / 12)  # of positions spread evenly over 0..1


class LocalDescriptors(NamedTuple):
    """Descriptors of N pictures at P places.

    Attributes:
        edges: (N, P, 128).
        colours: (N, P, 96).
        places: (P, 2), row and column of their centres, about zero with deviation one.
    """

    edges: Tensor
    colours: Tensor
    places: Tensor


def local_descriptors(pictures: Tensor, step: int = STEP) -> LocalDescriptors:
    """Describe (N, 3, S, S) float32 pictures with values 0..1, every ``step`` pixels."""
    orientations, opponents = _orientations(pictures), _opponents(pictures)
    edges, colours, places = [], [], []
    for cell in CELLS:
        stride = math.gcd(cell, step)  # no cell begins between these places
        edges.append(
            _normalised(_gather(functional.avg_pool2d(orientations, cell, stride), cell // stride, step // stride))
        )
        mean = functional.avg_pool2d(opponents, cell, stride)
        square = functional.avg_pool2d(opponents * opponents, cell, stride)
        deviation = (square - mean * mean).clamp(min=0).add(1e-5).sqrt()
        colours.append(_gather(torch.cat([mean, deviation], dim=1), cell // stride, step // stride))
        places.append(_places(pictures.shape[2], cell, step))
    return LocalDescriptors(torch.cat(edges, dim=1), torch.cat(colours, dim=1), torch.cat(places))


def _orientations(pictures: Tensor) -> Tensor:
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    grey = functional.pad((pictures * weights).sum(1, keepdim=True), (1, 1, 1, 1), mode="replicate")
    across = (grey[:, :, 1:-1, 2:] - grey[:, :, 1:-1, :-2]) / 2
    down = (grey[:, :, 2:, 1:-1] - grey[:, :, :-2, 1:-1]) / 2
    angles = torch.arange(ORIENTATIONS) * (2 * math.pi / ORIENTATIONS)
    length = (across**2 + down**2).sqrt() + 1e-6
    along = across * torch.cos(angles).view(1, -1, 1, 1) + down * torch.sin(angles).view(1, -1, 1, 1)
    return length * (along / length).clamp(min=0) ** _SHARPNESS


def _opponents(pictures: Tensor) -> Tensor:
    red, green, blue = pictures.unbind(1)
    return torch.stack([(red + green + blue) / 3, (red - green) / 1.4, (red + green - 2 * blue) / 2.4], dim=1)


def _gather(cells: Tensor, cell: int, step: int) -> Tensor:
    """Side by side the 4 x 4 cells of each descriptor: (N, C, H, W) means of cells to (N, P, 16 C).

    ``cell`` and ``step`` are counted in places of ``cells``.
    """
    last = cells.shape[2] - (_GRID - 1) * cell
    parts = [
        cells[:, :, row : row + last : step, column : column + last : step]
        for row in range(0, _GRID * cell, cell)
        for column in range(0, _GRID * cell, cell)
    ]
    return torch.cat(parts, dim=1).flatten(2).transpose(1, 2)


def _normalised(edges: Tensor) -> Tensor:
    """Unit length, peaks cut, square root (R. Arandjelović and A. Zisserman, CVPR 2012)."""
    edges = (edges / (edges.norm(dim=2, keepdim=True) + _FLAT)).clamp(max=_PEAK)
    return torch.sqrt(edges / (edges.norm(dim=2, keepdim=True) + 1e-3))


def _places(size: int, cell: int, step: int) -> Tensor:
    count = len(range(0, size - cell + 1 - (_GRID - 1) * cell, step))
    centres = (torch.arange(count) * step + _GRID * cell / 2) / size - 0.5
    rows, columns = torch.meshgrid(centres, centres, indexing="ij")
    return torch.stack([rows, columns], dim=-1).flatten(0, 1) / _UNIFORM_DEVIATION
