"""Hits and false alarms at every threshold of a map, from one sort; all other measures follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import CodedError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class MetricError(CodedError):
    """A map and a mask from which a score cannot be computed."""

    default_code = "hsi.metric"


@dataclass(frozen=True)
class Counts:
    """What a map flags at each of its distinct scores.

    Attributes:
        thresholds: (T,) distinct scores, falling. A pixel is flagged when its score is at least the threshold.
        hits: (T,) flagged anomalous pixels.
        false_alarms: (T,) flagged background pixels.
        positives: Anomalous pixels in the mask.
        negatives: Background pixels in the mask.
    """

    thresholds: Floats
    hits: Integers
    false_alarms: Integers
    positives: int
    negatives: int


def can_score(mask: NDArray[Any] | None) -> bool:
    """Whether the mask holds both anomalies and background."""
    return mask is not None and bool(np.any(mask)) and not bool(np.all(mask))


def check_map(scores: NDArray[Any]) -> None:
    """Refuse a map that cannot be ranked.

    Raises:
        MetricError: ``hsi.map_shape`` or ``hsi.map_non_finite``.
    """
    if scores.ndim != 2 or not scores.size:
        raise MetricError(
            f"A map has rows and columns, but this array has the shape {scores.shape}.",
            code="hsi.map_shape",
            hint="Pass one map of shape (rows, columns).",
        )
    broken = int(scores.size - np.count_nonzero(np.isfinite(scores)))
    if broken:
        raise MetricError(
            f"{broken} of the map's {scores.size} scores are not numbers.",
            code="hsi.map_non_finite",
            hint="Look for bands with missing values in the scene and compute the map again.",
        )


def check_mask(scores: NDArray[Any], mask: NDArray[Any]) -> NDArray[np.bool_]:
    """The mask as (H, W) bool.

    Raises:
        MetricError: ``hsi.mask_shape`` or ``hsi.mask_values``.
    """
    if mask.shape != scores.shape:
        raise MetricError(
            f"The mask has the shape {mask.shape}, the map {scores.shape}.",
            code="hsi.mask_shape",
            hint="Choose the mask that belongs to this scene.",
        )
    marked: NDArray[np.bool_] = np.asarray(mask != 0)
    if mask.dtype != np.bool_ and not np.array_equal(mask, marked):
        raise MetricError(
            "The mask has values other than 0 and 1.",
            code="hsi.mask_values",
            hint="Mark background with 0 and anomalies with 1.",
        )
    return marked


def count(scores: NDArray[Any], mask: NDArray[Any]) -> Counts:
    """Hits and false alarms at each distinct score; equal scores are flagged together, so ties cost what they should.

    Args:
        scores: (H, W), larger = more anomalous.
        mask: (H, W), 1 = anomaly, 0 = background.

    Raises:
        MetricError: The map is not finite or the mask does not fit or holds one class only (``hsi.mask_one_class``).
    """
    check_map(scores)
    marked = check_mask(scores, mask)
    if not can_score(marked):
        only = "anomalies" if marked.any() else "background"
        raise MetricError(
            f"The mask holds {only} only, so there is nothing to tell apart.",
            code="hsi.mask_one_class",
            hint="Choose a mask that marks some pixels, not none and not all.",
        )
    order = np.argsort(scores, axis=None)[::-1]
    ranked = scores.ravel()[order]
    last_of_tie = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), ranked.size - 1)
    hits = np.cumsum(marked.ravel()[order], dtype=np.int64)[last_of_tie]
    return Counts(
        thresholds=ranked[last_of_tie].astype(np.float64),
        hits=hits,
        false_alarms=last_of_tie + 1 - hits,
        positives=int(hits[-1]),
        negatives=int(ranked.size - hits[-1]),
    )
