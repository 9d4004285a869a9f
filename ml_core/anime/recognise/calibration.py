"""Confidence that keeps its word: one temperature, and the error of what is promised.

C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On calibration of modern neural networks", ICML 2017.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BINS: Final = 10
_TEMPERATURES: Final = np.geomspace(0.005, 20.0, 240)


def log_softmax(logits: Floats) -> Floats:
    """(N, C) logits to logarithms of probabilities."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    normalised: Floats = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return normalised


def best_temperature(logits: Floats, labels: Integers) -> float:
    """The divisor of (N, C) logits that makes the labels most probable; 1 where there is nothing to judge by.

    Few images that are all recognised would allow any confidence. Its mean may therefore not exceed what Laplace's
    rule of succession makes of h hits among n images, (h + 1) / (n + 2): 95 % after 20 of 20.
    """
    if not len(labels):
        return 1.0
    rows = np.arange(len(labels))
    allowed = (int((logits.argmax(axis=1) == labels).sum()) + 1) / (len(labels) + 2)
    best, least = float(_TEMPERATURES[-1]), np.inf
    for temperature in _TEMPERATURES:
        logs = log_softmax(logits / temperature)
        loss = -logs[rows, labels].mean()
        if loss < least and np.exp(logs.max(axis=1)).mean() <= allowed:
            best, least = float(temperature), loss
    return best


def calibration_bins(confidence: Floats, hits: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """What was promised and what was kept, in ``BINS`` equal ranges of confidence; empty ranges are left out."""
    place = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    rows = []
    for number in np.unique(place):
        inside = place == number
        rows.append(
            {
                "low": number / BINS,
                "high": (number + 1) / BINS,
                "count": int(inside.sum()),
                "confidence": float(confidence[inside].mean()),
                "accuracy": float(hits[inside].mean()),
            }
        )
    return rows


def calibration_error(confidence: Floats, hits: NDArray[np.bool_]) -> float:
    """Expected calibration error: the mean gap between promised and kept, weighted by pictures."""
    bins = calibration_bins(confidence, hits)
    total = sum(row["count"] for row in bins)
    return float(sum(row["count"] * abs(row["confidence"] - row["accuracy"]) for row in bins) / max(1, total))
