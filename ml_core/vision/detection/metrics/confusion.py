"""What was taken for what, with the background as a class of its own: objects missed, and alarms where nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_core.vision.detection.metrics.judgement import Found
from ml_core.vision.detection.metrics.overlap import overlaps
from ml_core.vision.detection.truth import Truth

_OVERLAP = 0.5


@dataclass(frozen=True)
class Pairing:
    """Which detections of an image stand for which objects.

    Attributes:
        rows: Detections that are probable enough.
        object: (rows,) the object; -1 for none, where the detection is a false alarm; -2 where it does not count.
        missed: Objects that nothing stands for.
    """

    rows: NDArray[np.int64]
    object: NDArray[np.int64]
    missed: NDArray[np.int64]


def pair(truth: Truth, found: Found, threshold: float) -> Pairing:
    """Pair detections from ``threshold`` on with objects that they overlap by half or more.

    First those of the same class, the most probable first; what is left may pair with an object of another class.
    """
    rows = np.flatnonzero(found.scores >= threshold)
    overlap = overlaps(found.boxes[rows], truth.boxes, truth.ignored)
    partner = np.full(len(rows), -1, dtype=np.int64)
    free = ~truth.ignored
    same = found.labels[rows][:, None] == truth.labels[None, :]
    for allowed in (same, ~same):
        for place in np.flatnonzero(partner < 0):
            values = np.where(free & allowed[place], overlap[place], 0.0)
            if len(values) and values.max() >= _OVERLAP:
                partner[place] = values.argmax()
                free[partner[place]] = False
    in_crowd = (np.where(truth.ignored[None, :], overlap, 0.0) >= _OVERLAP).any(axis=1)
    partner[(partner < 0) & in_crowd] = -2
    return Pairing(rows, partner, np.flatnonzero(free))


def confusion_with_background(
    truths: Sequence[Truth], found: Sequence[Found], classes: int, threshold: float
) -> NDArray[np.int64]:
    """(classes + 1, classes + 1): rows are true, columns predicted, the last of each is background."""
    matrix = np.zeros((classes + 1, classes + 1), dtype=np.int64)
    for truth, detections in zip(truths, found, strict=True):
        pairing = pair(truth, detections, threshold)
        predicted = detections.labels[pairing.rows]
        paired = pairing.object >= 0
        pairs = [
            (truth.labels[pairing.object[paired]], predicted[paired]),
            (np.full((pairing.object == -1).sum(), classes), predicted[pairing.object == -1]),
            (truth.labels[pairing.missed], np.full(len(pairing.missed), classes)),
        ]
        for true, said in pairs:
            np.add.at(matrix, (true, said), 1)
    return matrix
