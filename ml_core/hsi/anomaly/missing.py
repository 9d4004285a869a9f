"""Pixels of which a part was not measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_core.hsi.canonical import row_blocks


def missing_pixels(cube: NDArray[Any], used_bands: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(H, W): a value of a used band is not finite. Read in blocks of rows.

    Args:
        cube: (H, W, B), possibly mapped.
        used_bands: (B,), bands that take part.
    """
    found = np.zeros(cube.shape[:2], dtype=bool)
    if cube.dtype.kind == "f":
        for rows in row_blocks(cube.shape):
            found[rows] = ~np.isfinite(cube[rows][..., used_bands]).all(axis=-1)
    return found
