"""Whether a confidence means what it says."""

from __future__ import annotations

from typing import TypedDict

from numpy.typing import ArrayLike

from ml_core.stellar.metrics.tally import BINS, Tallier, answers


class CalibrationBin(TypedDict):
    """Stars whose confidence lies in [low, high); the last bin holds 1 too. None where there are none."""

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None


def calibration_bins(probabilities: ArrayLike, labels: ArrayLike) -> list[CalibrationBin]:
    """Mean confidence and accuracy in each of ten bins of equal width: a reliability diagram.

    Args:
        probabilities: (N, 5), rows that sum to 1.
        labels: (N,) 0..4; stars with anything else are left out.

    Raises:
        MetricError: As `answers`.
    """
    bins = Tallier(answers(probabilities, labels)).tally().bins
    return [
        CalibrationBin(
            low=number / BINS, high=(number + 1) / BINS, n=int(stars),
            confidence=float(confidence / stars) if stars else None, accuracy=float(right / stars) if stars else None,
        )
        for number, (stars, confidence, right) in enumerate(bins)
    ]  # fmt: skip
