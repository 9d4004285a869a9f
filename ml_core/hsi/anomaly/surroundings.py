"""How a pixel compares with what lies around it, near and far: the measurements the target network reads.

On circles from 1 to 20 pixels the distances to the points of a circle are sorted, so that no direction, sign or order
of components, number of bands or unit is left: the same network serves any sensor, and a target of any size up to the
largest circle differs from all around it on some of them. Local self-similarities of this kind go back to E. Shechtman
and M. Irani, "Matching Local Self-Similarities across Images and Videos" (2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

Maps = NDArray[np.float32]

_CIRCLES = ((1, 8), (2, 12), (3, 16), (4, 16), (6, 16), (8, 16), (11, 16), (15, 16), (20, 16))  # radius, points
_SHARES = (0.0, 0.14, 0.29, 0.5, 0.75, 1.0)  # of the sorted distances, which are kept
_SINGLE_PIXELS = 3  # circles with a smaller radius compare with pixels, the others with means of 3 x 3
_REACH = _CIRCLES[-1][0] + 1
_FLOOR = 0.05  # of the unit; what is less tells nothing, and the logarithm needs an end
_ROWS = 32

MEASUREMENTS = len(_CIRCLES) * (len(_SHARES) + 4) + 2


@dataclass(frozen=True)
class Units:
    """What a scene's distances are measured in.

    Attributes:
        texture: Median distance between pixels two apart.
        whitening: (C,) factors that give each component variance 1, zero for missing ones.
        whitened: Median length of a pixel after whitening.
    """

    texture: float
    whitening: Maps
    whitened: float


def units_of(coordinates: Maps) -> Units:
    """Units of a scene, (H, W, C) half-whitened components."""
    spread = coordinates.reshape(-1, coordinates.shape[2]).std(axis=0, dtype=np.float64)
    factors = np.where(spread > 0, 1.0 / np.where(spread > 0, spread, 1.0), 0.0).astype(np.float32)
    lengths = np.concatenate([np.linalg.norm(row * factors, axis=-1) for row in coordinates])
    return Units(texture_of(coordinates), factors, max(float(np.median(lengths)), 1e-6))


def texture_of(coordinates: Maps) -> float:
    """Median distance between pixels two apart, the unit of contrast; 1 where there is none."""
    pairs = [(coordinates[2:], coordinates[:-2]), (coordinates[:, 2:], coordinates[:, :-2])]
    distances = [np.linalg.norm(one - other, axis=2).ravel() for one, other in pairs if one.size]
    median = float(np.median(np.concatenate(distances))) if distances else 0.0
    return median if median > 0 else 1.0


def surroundings(coordinates: Maps, units: Units, rows: slice = slice(None)) -> Maps:
    """Logarithms of distances over the scene's units.

    Args:
        coordinates: (H, W, C) float32; beyond the border the scene is mirrored.
        units: Of the whole scene.
        rows: Which rows are wanted; the others are read where circles reach into them.

    Returns:
        (MEASUREMENTS, rows, W) float32.
    """
    height, width, _ = coordinates.shape
    start, stop, _ = rows.indices(height)
    all_rows, columns = (np.pad(np.arange(size), _REACH, mode="reflect") for size in (height, width))
    found = np.empty((MEASUREMENTS, stop - start, width), np.float32)
    for first in range(start, stop, _ROWS):
        last = min(first + _ROWS, stop)
        part = coordinates[all_rows[first : last + 2 * _REACH]][:, columns]
        values = torch.from_numpy(np.ascontiguousarray(part.transpose(2, 0, 1)))
        found[:, first - start : last - start] = _measure(values, units).numpy()
    return found


def _measure(values: Tensor, units: Units) -> Tensor:
    """(MEASUREMENTS, h, W) of (C, h, W) with a rim of the reach."""
    means = functional.avg_pool2d(values[None], 3, 1)[0]  # its rim is one pixel narrower
    own = _shifted(values, (0, 0), _REACH)
    maps = []
    for radius, points in _CIRCLES:
        source, rim = (values, _REACH) if radius < _SINGLE_PIXELS else (means, _REACH - 1)
        maps += _circle(own, source, rim, radius, points)
    maps.append(torch.linalg.vector_norm(own, dim=0)[None])
    whitened = torch.linalg.vector_norm(own * torch.from_numpy(units.whitening)[:, None, None], dim=0)[None]
    distances = torch.cat(maps) / units.texture
    return torch.log(torch.cat([distances, whitened / units.whitened]) + _FLOOR)


def _circle(own: Tensor, source: Tensor, rim: int, radius: int, points: int) -> list[Tensor]:
    """Sorted distances to a circle; how far the nearer of two opposite points is; and what lies between those two."""
    around = [_shifted(source, offset, rim) for offset in _offsets(radius, points)]
    distances = torch.stack([_distance(own, other) for other in around])
    half = points // 2
    both = torch.maximum(distances[:half], distances[half:])
    step = 1 if points <= 8 else 2
    across = torch.stack([_distance(around[k], around[k + half]) for k in range(0, half, step)])
    kept = [round(share * (points - 1)) for share in _SHARES]
    ordered = distances.sort(dim=0).values[kept]
    return [ordered, both.amin(0)[None], both.mean(0)[None], across.amin(0)[None], across.mean(0)[None]]


def _offsets(radius: int, points: int) -> list[tuple[int, int]]:
    angles = 2 * np.pi * np.arange(points) / points
    return [(round(radius * float(np.sin(angle))), round(radius * float(np.cos(angle)))) for angle in angles]


def _shifted(values: Tensor, offset: tuple[int, int], rim: int) -> Tensor:
    row, column = offset
    height, width = values.shape[1] - 2 * rim, values.shape[2] - 2 * rim
    return values[:, rim + row : rim + row + height, rim + column : rim + column + width]


def _distance(one: Tensor, other: Tensor) -> Tensor:
    return (one - other).square_().sum(0).sqrt_()
