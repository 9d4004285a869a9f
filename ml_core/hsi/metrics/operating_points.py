"""What a user gets at a threshold: pixels and objects found, false alarms raised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ml_core.hsi.metrics.counts import can_score, check_map, check_mask
from ml_core.hsi.metrics.thresholds import quantile_threshold

#: False alarm rates, or without a mask flagged shares, for which thresholds are listed.
_RATES: Final = (1e-4, 1e-3, 1e-2, 0.05, 0.1)

#: Pixels that touch at a corner belong to one object.
_TOUCHING: Final = np.ones((3, 3), dtype=np.int64)

Row = dict[str, float | int]


def operating_points(
    scores: NDArray[Any], mask: NDArray[Any] | None = None, thresholds: Sequence[float] | None = None
) -> list[Row]:
    """One row for each threshold: what is flagged when a score at least as high counts as an anomaly.

    Args:
        scores: (H, W), larger = more anomalous.
        mask: (H, W), 1 = anomaly; adds the columns that need the truth, if both classes are in it.
        thresholds: As wished; without them, those that flag 0.01, 0.1, 1, 5 and 10 % of the background (of all pixels
            where there is no mask).

    Returns:
        Rows with ``threshold``, ``flagged`` (pixels) and ``flagged_share``; with a mask also ``hits``, ``misses``,
        ``false_alarms`` (pixels), ``detection_rate``, ``false_alarm_rate``, ``precision`` (1 where nothing is flagged),
        ``objects`` and ``objects_hit``. An object is a set of marked pixels that touch; one flagged pixel hits it.

    Raises:
        MetricError: The map is not finite or the mask does not fit.
    """
    check_map(scores)
    marked = None if mask is None else check_mask(scores, mask)
    background = scores if marked is None or not can_score(marked) else scores[~marked][None]
    if thresholds is None:
        thresholds = sorted({quantile_threshold(background, rate) for rate in _RATES}, reverse=True)
    if marked is None or not can_score(marked):
        return [_flagged(scores, threshold) for threshold in thresholds]
    peaks = _object_peaks(scores, marked)
    return [_flagged(scores, threshold) | _against(marked, scores, peaks, threshold) for threshold in thresholds]


def _flagged(scores: NDArray[Any], threshold: float) -> Row:
    flagged = int(np.count_nonzero(scores >= threshold))
    return {"threshold": float(threshold), "flagged": flagged, "flagged_share": flagged / scores.size}


def _object_peaks(scores: NDArray[Any], marked: NDArray[np.bool_]) -> NDArray[Any]:
    labels, number = ndimage.label(marked, structure=_TOUCHING)
    return np.atleast_1d(ndimage.maximum(scores, labels, np.arange(1, number + 1)))


def _against(marked: NDArray[np.bool_], scores: NDArray[Any], peaks: NDArray[Any], threshold: float) -> Row:
    flagged = scores >= threshold
    positives = int(np.count_nonzero(marked))
    hits = int(np.count_nonzero(flagged & marked))
    false_alarms = int(np.count_nonzero(flagged)) - hits
    return {
        "hits": hits,
        "misses": positives - hits,
        "false_alarms": false_alarms,
        "detection_rate": hits / positives,
        "false_alarm_rate": false_alarms / (marked.size - positives),
        "precision": hits / (hits + false_alarms) if hits + false_alarms else 1.0,
        "objects": len(peaks),
        "objects_hit": int(np.count_nonzero(peaks >= threshold)),
    }
