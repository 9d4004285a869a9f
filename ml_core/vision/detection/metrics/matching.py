"""Which detection found which object: greedy, the most probable first, as the COCO evaluation does it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_core.vision.detection.metrics.overlap import Floats

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Matches:
    """What became of D detections of one image at T thresholds of overlap.

    Attributes:
        object: int (T, D) the row of the object that was found, -1 for none.
        set_aside: bool (T, D) the detection counts neither as a hit nor as a false alarm.
    """

    object: NDArray[np.int64]
    set_aside: Flags


def match(overlap: Floats, thresholds: Floats, ignored: Flags, crowds: Flags) -> Matches:
    """Match detections in their order to objects.

    Each detection takes the free object that it overlaps most, at least by the threshold. Ignored objects are taken
    only when no other is there; a crowd can be taken any number of times.

    Args:
        overlap: (D, G) from `overlaps`, detections by falling score.
        thresholds: (T,).
        ignored: (G,) objects that need not be found; crowds are among them.
        crowds: (G,).
    """
    detections, objects = overlap.shape
    shape = (len(thresholds), detections)
    found = np.full(shape, -1, dtype=np.int64)
    set_aside = np.zeros(shape, dtype=np.bool_)
    if objects == 0:
        return Matches(found, set_aside)
    free = np.ones((len(thresholds), objects), dtype=np.bool_)
    least = np.minimum(thresholds, 1 - 1e-10)
    levels = np.arange(len(thresholds))
    for row, values in enumerate(overlap):
        for wanted in (~ignored, ignored):
            candidates = np.where(free & wanted, values, -1.0)
            best = objects - 1 - candidates[:, ::-1].argmax(axis=1)  # of equal ones the last, as in COCO
            hit = (candidates[levels, best] >= least) & (found[:, row] < 0)
            found[hit, row] = best[hit]
            set_aside[hit, row] = ignored[best[hit]]
            taken = hit & ~crowds[best]
            free[levels[taken], best[taken]] = False
    return Matches(found, set_aside)
