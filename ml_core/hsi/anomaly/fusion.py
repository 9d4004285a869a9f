"""One map of several heads, without labels.

Heads have different scales: each is measured in robust deviations from its own median. Their extremes differ by orders
of magnitude and are no more certain than what is merely high, so a head votes with the inverse hyperbolic sine of its
deviation: linear where it is small, logarithmic where it is large. Unlike a cut it never ties two pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import CodedError

Maps = NDArray[np.float32]

_MAD_TO_SIGMA = 1.4826  # of a normal distribution


def robust_scale(scores: Maps) -> tuple[float, float]:
    """Median and robust standard deviation; where more than half of a map is one value, the spread of the rest."""
    median = float(np.median(scores))
    distance = np.abs(scores - median)
    deviation = _MAD_TO_SIGMA * float(np.median(distance))
    if deviation <= 0.0:
        deviation = float(distance.mean())
    return median, deviation


def vote(scores: Maps) -> Maps:
    """asinh((score - median) / (1.4826 MAD)); zero for a constant map."""
    median, deviation = robust_scale(scores)
    if deviation <= 0.0:
        return np.zeros_like(scores, dtype=np.float32)
    votes: Maps = np.arcsinh((scores - median) / deviation).astype(np.float32)
    return votes


def mean_vote(maps: Sequence[Maps]) -> Maps:
    """Mean of maps after `vote`."""
    total = np.zeros_like(maps[0], dtype=np.float32)
    for scores in maps:
        total += vote(scores)
    return total / np.float32(len(maps))


def fuse(heads: Mapping[str, Maps], weights: Mapping[str, float]) -> Maps:
    """Weighted mean of heads after `vote`.

    Args:
        heads: (H, W) maps by name, larger = more anomalous.
        weights: By name; heads without one, and weights without a head, take no part.

    Raises:
        CodedError: ``hsi.head_weights``: no head has a weight above zero, or one is negative.
    """
    used = {name: float(weights.get(name, 0.0)) for name in heads}
    total = sum(used.values())
    if total <= 0.0 or min(used.values()) < 0.0:
        raise CodedError(
            "No head has a weight above zero, or one is negative.",
            code="hsi.head_weights",
            hint="Give at least one of lm_nll, recon and one_class a weight above zero.",
            where="head_weights",
        )
    fused = np.zeros_like(next(iter(heads.values())), dtype=np.float32)
    for name, weight in used.items():
        if weight:
            fused += np.float32(weight / total) * vote(heads[name])
    return fused
