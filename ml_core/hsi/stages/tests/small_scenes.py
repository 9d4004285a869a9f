"""Small scenes made of a few smooth materials, with planted targets of another material."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter


def make_scene(
    seed: int, height: int = 40, width: int = 36, bands: int = 24, targets: int = 4
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Cube (H, W, B) uint16 and mask (H, W)."""
    random = np.random.default_rng(seed)
    materials = gaussian_filter(random.random((4, bands)), (0, 3)) * 4000 + 300
    fields = gaussian_filter(random.standard_normal((3, height, width)), (0, 4, 4))
    shares = np.exp(12 * fields)
    shares /= shares.sum(0)
    cube = np.einsum("mhw,mb->hwb", shares, materials[:3])
    mask = np.zeros((height, width), dtype=np.uint8)
    for _ in range(targets):
        row, column = int(random.integers(2, height - 4)), int(random.integers(2, width - 4))
        cube[row : row + 2, column : column + 2] = 0.2 * cube[row : row + 2, column : column + 2] + 0.8 * materials[3]
        mask[row : row + 2, column : column + 2] = 1
    cube += 15 * random.standard_normal(cube.shape)
    return np.clip(cube, 0, 65535).astype(np.uint16), mask


def write_scenes(folder: Path, count: int = 4, sensors: Sequence[str] = ("A", "B"), **shape: int) -> Path:
    """Write ``scene-0.npz`` ... into ``folder``; sensors take turns and differ in the number of bands."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        sensor = number % len(sensors)
        cube, mask = make_scene(number, **{"bands": 24 + 8 * sensor, **shape})
        np.savez(folder / f"scene-{number}.npz", cube=cube, gt=mask, name=f"scene-{number}", sensor=sensors[sensor])
    return folder
