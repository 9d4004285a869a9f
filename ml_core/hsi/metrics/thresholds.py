"""Thresholds that need no mask."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.hsi.metrics.counts import MetricError, check_map

#: Standard deviation of a normal distribution over its median absolute deviation, and over its mean absolute deviation.
_SIGMA_PER_MAD: Final = 1.482602
_SIGMA_PER_MEAN_DEVIATION: Final = 1.253314


def robust_sigma(scores: NDArray[Any]) -> tuple[float, float]:
    """Median and robust standard deviation of a map, neither moved by a few anomalies.

    Where more than half of the scores are equal, the median absolute deviation is zero and the mean absolute deviation
    takes its place (Iglewicz and Hoaglin, "How to Detect and Handle Outliers", 1993).

    Raises:
        MetricError: The map has no shape (H, W) or is not finite.
    """
    check_map(scores)
    values = scores.astype(np.float64, copy=False)
    median = float(np.median(values))
    deviation = np.abs(values - median)
    sigma = _SIGMA_PER_MAD * float(np.median(deviation))
    return median, sigma or _SIGMA_PER_MEAN_DEVIATION * float(deviation.mean())


def robust_threshold(scores: NDArray[Any], sigmas: float = 6.0) -> float:
    """Median plus ``sigmas`` robust standard deviations.

    Raises:
        MetricError: The map has no shape (H, W) or is not finite.
    """
    median, sigma = robust_sigma(scores)
    return median + sigmas * sigma


def quantile_threshold(scores: NDArray[Any], share: float) -> float:
    """The score that the given share of all pixels reaches, such as 0.01 for the strongest percent.

    Raises:
        MetricError: The share is not between 0 and 1, or the map cannot be ranked.
    """
    if not 0 < share < 1:
        raise MetricError(
            f"A share of {share} of the pixels cannot be flagged.",
            code="hsi.threshold_share",
            hint="Give a share between 0 and 1, such as 0.01.",
        )
    check_map(scores)
    return float(np.quantile(scores, 1 - share, method="higher"))
