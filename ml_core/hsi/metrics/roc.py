"""Receiver operating characteristic of a map: the exact area, and a curve small enough to send and draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.hsi.metrics.counts import Counts, Floats, Integers, count

MAX_POINTS: Final = 500


@dataclass(frozen=True)
class RocCurve:
    """A curve from (0, 0) to (1, 1).

    Attributes:
        false_alarm_rate: (P,) flagged share of the background, rising.
        detection_rate: (P,) flagged share of the anomalies, rising.
        thresholds: (P,) scores from which a pixel is flagged, falling; the first is above the map's maximum.
        auc: Exact area, of all points and not only of those kept here.
    """

    false_alarm_rate: Floats
    detection_rate: Floats
    thresholds: Floats
    auc: float


def auc(scores: NDArray[Any], mask: NDArray[Any]) -> float:
    """Probability that an anomalous pixel outscores a background pixel, ties counting one half.

    Args:
        scores: (H, W), larger = more anomalous.
        mask: (H, W), 1 = anomaly.

    Raises:
        MetricError: See ``count``.
    """
    return auc_of(count(scores, mask))


def auc_of(counts: Counts) -> float:
    """Area under the ROC curve by the trapezium rule, which is exact with ties."""
    hits = np.concatenate([[0], counts.hits])
    false_alarms = np.concatenate([[0], counts.false_alarms])
    # Twice the area in whole pixels, so that nothing is rounded before the division.
    doubled = int(np.sum(np.diff(false_alarms) * (hits[1:] + hits[:-1])))
    return doubled / (2 * counts.positives * counts.negatives)


def roc_curve(scores: NDArray[Any], mask: NDArray[Any], max_points: int = MAX_POINTS) -> RocCurve:
    """The curve, thinned to at most ``max_points`` of its corners.

    Raises:
        MetricError: See ``count``.
    """
    return roc_curve_of(count(scores, mask), max_points)


def roc_curve_of(counts: Counts, max_points: int = MAX_POINTS) -> RocCurve:
    """The thinned curve of counts that are known already."""
    above_all = np.nextafter(counts.thresholds[0], np.inf)
    hits = np.concatenate([[0], counts.hits])
    false_alarms = np.concatenate([[0], counts.false_alarms])
    corners = _corners(false_alarms, hits)
    x = false_alarms[corners] / counts.negatives
    y = hits[corners] / counts.positives
    kept = corners[_representatives(x, y, max_points)]
    return RocCurve(
        false_alarm_rate=false_alarms[kept] / counts.negatives,
        detection_rate=hits[kept] / counts.positives,
        thresholds=np.concatenate([[above_all], counts.thresholds])[kept],
        auc=auc_of(counts),
    )


def _corners(x: Integers, y: Integers) -> Integers:
    """Positions at which the curve turns, and both ends; the points between lie on straight lines."""
    dx, dy = np.diff(x), np.diff(y)
    turns = dx[1:] * dy[:-1] != dx[:-1] * dy[1:]
    return np.concatenate([[0], np.flatnonzero(turns) + 1, [len(x) - 1]])


def _representatives(x: Floats, y: Floats, max_points: int) -> Integers:
    """At most ``max_points`` positions, both ends among them.

    Half of them are even along the curve, so that it moves by little more than 4 / max_points anywhere. The others are
    even in the logarithm of the false alarm rate, because a rare target is looked for where few false alarms are.
    """
    if len(x) <= max_points:
        return np.arange(len(x))
    half = max_points // 2
    length = x + y  # both rise, so this is the way along the curve
    along = np.searchsorted(length, np.linspace(0, 2, max_points - half))
    smallest = x[x > 0][0]
    low = np.searchsorted(x, np.geomspace(smallest, 1, half))
    kept: Integers = np.unique(np.minimum(np.concatenate([[0], along[1:-1], low, [len(x) - 1]]), len(x) - 1))
    return kept
