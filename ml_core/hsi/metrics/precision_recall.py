"""Precision and recall of a map. Anomalies are rare, so this tells maps apart that the ROC curve does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_core.hsi.metrics.counts import Counts, Floats, count
from ml_core.hsi.metrics.roc import MAX_POINTS


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """A curve from the strictest threshold to the loosest.

    Attributes:
        recall: (P,) flagged share of the anomalies, rising.
        precision: (P,) anomalous share of what is flagged.
        thresholds: (P,) scores from which a pixel is flagged, falling.
        average_precision: Exact, of all points and not only of those kept here.
    """

    recall: Floats
    precision: Floats
    thresholds: Floats
    average_precision: float


def average_precision(scores: NDArray[Any], mask: NDArray[Any]) -> float:
    """Mean precision over the recall steps, without interpolation; 1 is best, the share of anomalies is chance.

    Args:
        scores: (H, W), larger = more anomalous.
        mask: (H, W), 1 = anomaly.

    Raises:
        MetricError: See ``count``.
    """
    return average_precision_of(count(scores, mask))


def average_precision_of(counts: Counts) -> float:
    """Sum of precision times the step in recall, as scikit-learn defines it."""
    precision = counts.hits / (counts.hits + counts.false_alarms)
    return float(np.sum(np.diff(counts.hits, prepend=0) * precision) / counts.positives)


def precision_recall_curve(
    scores: NDArray[Any], mask: NDArray[Any], max_points: int = MAX_POINTS
) -> PrecisionRecallCurve:
    """The curve, thinned to at most ``max_points`` points.

    Raises:
        MetricError: See ``count``.
    """
    return precision_recall_curve_of(count(scores, mask), max_points)


def precision_recall_curve_of(counts: Counts, max_points: int = MAX_POINTS) -> PrecisionRecallCurve:
    """The thinned curve of counts that are known already.

    Between two hits precision only falls, so the first and last threshold at each number of hits hold the whole shape.
    """
    rises = np.flatnonzero(np.diff(counts.hits)) + 1
    ends = np.unique(np.concatenate([[0], rises - 1, rises, [len(counts.hits) - 1]]))
    if len(ends) > max_points:
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, max_points).round().astype(np.int64))]
    hits, false_alarms = counts.hits[ends], counts.false_alarms[ends]
    return PrecisionRecallCurve(
        recall=hits / counts.positives,
        precision=hits / (hits + false_alarms),
        thresholds=counts.thresholds[ends],
        average_precision=average_precision_of(counts),
    )
