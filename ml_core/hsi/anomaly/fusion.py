"""One map of several heads, without labels.

Heads have different scales, and a head's extremes are no more certain than its merely high values: each is measured in
robust deviations from its own median and cut off. Equal cuts keep one head from outvoting the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Maps = NDArray[np.float32]

CLIP = 20.0
_MAD_TO_SIGMA = 1.4826  # of a normal distribution


def robust_scale(scores: Maps) -> tuple[float, float]:
    """Median and robust standard deviation; where more than half of a map is one value, the spread of the rest."""
    median = float(np.median(scores))
    distance = np.abs(scores - median)
    deviation = _MAD_TO_SIGMA * float(np.median(distance))
    if deviation <= 0.0:
        deviation = float(distance.mean())
    return median, deviation


def robust_z(scores: Maps, clip: float = CLIP) -> Maps:
    """(score - median) / (1.4826 MAD), at most ``clip``; zero for a constant map."""
    median, deviation = robust_scale(scores)
    if deviation <= 0.0:
        return np.zeros_like(scores, dtype=np.float32)
    z: Maps = np.minimum((scores - median) / deviation, clip).astype(np.float32)
    return z


def mean_z(maps: Sequence[Maps], clip: float = CLIP) -> Maps:
    """Mean of maps after `robust_z`."""
    total = np.zeros_like(maps[0], dtype=np.float32)
    for scores in maps:
        total += robust_z(scores, clip)
    return total / np.float32(len(maps))


def fuse(heads: Mapping[str, Maps], weights: Mapping[str, float], clip: float = CLIP) -> Maps:
    """Weighted mean of heads after `robust_z`.

    Args:
        heads: (H, W) maps by name, larger = more anomalous.
        weights: By name; heads without one, and weights without a head, take no part.
        clip: Robust deviations beyond which a head counts no more.

    Raises:
        ValueError: No head has a weight above zero.
    """
    used = {name: float(weights.get(name, 0.0)) for name in heads}
    total = sum(used.values())
    if total <= 0.0 or min(used.values()) < 0.0:
        raise ValueError("At least one head needs a weight above zero, and none below.")
    fused = np.zeros_like(next(iter(heads.values())), dtype=np.float32)
    for name, weight in used.items():
        if weight:
            fused += np.float32(weight / total) * robust_z(heads[name], clip)
    return fused
