"""Average precision over 101 levels of recall, as the COCO evaluation does it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_core.vision.detection.metrics.overlap import Floats

RECALL_LEVELS: Floats = np.linspace(0, 1, 101)


def precision_by_recall(scores: Floats, hits: NDArray[np.bool_], objects: int) -> tuple[Floats, Floats]:
    """Precision at each of `RECALL_LEVELS`, made to fall, and the score from which it is reached.

    Args:
        scores: (D,) of all detections of a class.
        hits: (D,) whether they found an object.
        objects: How many there are to be found, at least 1.

    Returns:
        Two arrays (101,); both are 0 where the recall is never reached.
    """
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(hits[order])
    recall = found / objects
    precision = found / np.arange(1, len(order) + 1)
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, RECALL_LEVELS, side="left")
    reached = places < len(order)
    precisions, reached_scores = np.zeros(len(RECALL_LEVELS)), np.zeros(len(RECALL_LEVELS))
    precisions[reached] = falling[places[reached]]
    reached_scores[reached] = scores[order][places[reached]]
    return precisions, reached_scores


def best_threshold(scores: Floats, hits: NDArray[np.bool_], objects: int) -> tuple[float, float]:
    """The score from which on F1 is highest, and that F1. Without a hit the threshold is 0.5."""
    if not hits.any() or not objects:
        return 0.5, 0.0
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(hits[order])
    f1 = 2 * found / (np.arange(1, len(order) + 1) + objects)
    best = int(f1.argmax())
    return float(scores[order][best]), float(f1[best])
