"""Intersection over union between all boxes of two sets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def overlaps(found: Floats, true: Floats, crowds: NDArray[np.bool_] | None = None) -> Floats:
    """(D, 4) and (G, 4) corners to (D, G).

    Args:
        found: Detected boxes.
        true: True boxes.
        crowds: (G,) where the intersection is divided by the detected box alone, since a crowd holds many objects.
    """
    low = np.maximum(found[:, None, :2], true[None, :, :2])
    high = np.minimum(found[:, None, 2:], true[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=2)
    found_areas = (found[:, 2:] - found[:, :2]).prod(axis=1)[:, None]
    true_areas = (true[:, 2:] - true[:, :2]).prod(axis=1)[None, :]
    union = found_areas + true_areas - common
    if crowds is not None:
        union = np.where(crowds[None, :], found_areas, union)
    result: Floats = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    return result
