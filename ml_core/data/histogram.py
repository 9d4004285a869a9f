"""Counts of values in equal bins, as charts take them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_BINS: Final = 32


def histogram(values: NDArray[Any], low: float | None = None, high: float | None = None) -> dict[str, list[Any]]:
    """Counts in 32 equal bins between ``low`` and ``high``, or between the extremes of the values."""
    values = values[np.isfinite(values)]
    if not len(values):
        return {"edges": [0.0, 1.0], "counts": [0]}
    bounds = (float(values.min() if low is None else low), float(values.max() if high is None else high))
    counts, edges = np.histogram(np.clip(values, *bounds), bins=_BINS, range=bounds)
    return {"edges": [round(float(edge), 6) for edge in edges], "counts": counts.tolist()}
