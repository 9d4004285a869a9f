"""Boxes that are likely wrong, by what a detector finds in images from which it has not learnt.

Four kinds, after U. Tkachenko, A. Thyagarajan and J. Mueller, "ObjectLab: Automated Diagnosis of Mislabeled Images in
Object Detection Data", 2023 (arXiv:2309.00832): an object without a box, a box of another class, a box beside its
object, a box without an object. What counts as sure is learnt for each class from the boxes that were found, and
nothing is said of classes that the detector does not know well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from ml_core.data.annotations.boxes import Boxes, overlap

Kind = Literal["missing", "wrong_class", "misplaced", "spurious"]
Corners = tuple[float, float, float, float]

SAME: Final = 0.5  # intersection over union from which two boxes mean one object
_BESIDE: Final = 0.1
_NEAR: Final = 0.3
#: Of the usual score: enough to say that something is there, and to say that it is of this class.
_FAINT, _CLEAR = 0.25, 0.6
_SURE: Final = 0.1  # so large a share of the clear finds that belong to a box scores less than what is called sure
#: A class is judged where so large a share of its boxes is found, and of its sure finds has a box.
RELIABLE: Final = 0.7


@dataclass(frozen=True)
class Given:
    """The boxes of one image.

    Attributes:
        rows: (N,) in the annotation table.
        boxes: (N, 4) corners in pixels.
        labels: (N,) classes; -1 where the file names none.
        crowd: (N,) whether the box stands for many objects.
    """

    rows: NDArray[np.int64]
    boxes: Boxes
    labels: NDArray[np.int64]
    crowd: NDArray[np.bool_]


@dataclass(frozen=True)
class Seen:
    """What a detector finds in the image, best first: (D, 4) corners, (D,) scores, (D,) classes."""

    boxes: Boxes
    scores: NDArray[np.float64]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class BoxDoubt:
    """One doubt.

    Attributes:
        kind: What is wrong.
        image: Index of the image.
        row: In the annotation table; None where a box is missing.
        label: Class of the box, or of what is missing.
        likely: Class that it rather is.
        box: Where the object is rather; for a spurious box where it stands.
        certainty: From 0 to 1; the gravest first.
    """

    kind: Kind
    image: int
    row: int | None
    label: int
    likely: int
    box: Corners
    certainty: float


@dataclass(frozen=True)
class _Pairs:
    """An image with how its boxes and finds overlap, and which find belongs to which box."""

    given: Given
    seen: Seen
    overlaps: NDArray[np.float64]
    box_of: NDArray[np.int64]


@dataclass(frozen=True)
class Trust:
    """How far the detector can be trusted with each class.

    Attributes:
        usual: Mean score of the finds that belong to a box; infinite without any.
        bar: Score from which a find is sure.
        recall: Share of the boxes at which something is found, faint finds too.
        precision: Share of the sure finds that have a box.
    """

    usual: NDArray[np.float64]
    bar: NDArray[np.float64]
    recall: NDArray[np.float64]
    precision: NDArray[np.float64]


def find_box_doubts(given: Sequence[Given], seen: Sequence[Seen], classes: int) -> tuple[list[BoxDoubt], Trust]:
    """Doubts about all images, gravest first, and what the detector is trusted with.

    Args:
        given: The boxes of each image.
        seen: What is found in each image.
        classes: How many there are.
    """
    pairs = [_paired(one, other) for one, other in zip(given, seen, strict=True)]
    trust = _trust(pairs, classes)
    doubts = [doubt for image, pair in enumerate(pairs) for doubt in _doubts_of(image, pair, trust)]
    return sorted(doubts, key=lambda doubt: -doubt.certainty), trust


def _paired(given: Given, seen: Seen) -> _Pairs:
    count, finds = len(given.rows), len(seen.scores)
    overlaps = overlap(np.repeat(given.boxes, finds, axis=0), np.tile(seen.boxes, (count, 1))).reshape(count, finds)
    box_of = np.full(finds, -1, dtype=np.int64)
    free = ~given.crowd
    for find in range(finds):
        fits = np.where(free & (given.labels == seen.labels[find]), overlaps[:, find], 0.0)
        if count and fits.max() >= SAME:
            box_of[find] = int(fits.argmax())
            free[box_of[find]] = False
    return _Pairs(given, seen, overlaps, box_of)


def _trust(pairs: Sequence[_Pairs], classes: int) -> Trust:
    labels = np.concatenate([np.zeros(0, dtype=np.int64), *(pair.seen.labels for pair in pairs)])
    scores = np.concatenate([np.zeros(0), *(pair.seen.scores for pair in pairs)])
    matched = np.concatenate([np.zeros(0, dtype=np.int64), *(pair.box_of for pair in pairs)]) >= 0
    usual, bar, precision = np.full(classes, np.inf), np.full(classes, np.inf), np.zeros(classes)
    for label in range(classes):
        own, hits = scores[labels == label], matched[labels == label]
        if hits.any():
            best = own[hits & (own >= _FAINT * own[hits].max())]
            usual[label] = best.mean()
            bar[label] = np.quantile(best[best >= _CLEAR * usual[label]], _SURE)
            precision[label] = hits[own >= bar[label]].mean()
    boxes, noticed = np.zeros((2, classes))
    for pair in pairs:
        known = (pair.given.labels >= 0) & ~pair.given.crowd
        np.add.at(boxes, pair.given.labels[known], 1)
        np.add.at(noticed, pair.given.labels[known & _noticed(pair, usual)], 1)
    recall = np.divide(noticed, boxes, out=np.zeros(classes), where=boxes > 0)
    return Trust(usual, bar, recall, precision)


def _noticed(pair: _Pairs, usual: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether anything, of whichever class, is found at each box."""
    counts = pair.seen.scores >= _FAINT * usual[pair.seen.labels]
    noticed: NDArray[np.bool_] = np.any((pair.overlaps >= _NEAR) & counts, axis=1)
    return noticed


def _doubts_of(image: int, pair: _Pairs, trust: Trust) -> Iterator[BoxDoubt]:
    given, seen = pair.given, pair.seen
    clear = seen.scores >= _CLEAR * trust.usual[seen.labels]
    belongs = (pair.box_of >= 0) & clear
    sure = (seen.scores >= trust.bar[seen.labels]) & (trust.precision[seen.labels] >= RELIABLE) & ~belongs
    taken = given.crowd | (given.labels < 0)
    taken[pair.box_of[belongs]] = True
    for find in np.flatnonzero(sure).tolist():
        near = pair.overlaps[:, find]
        label, score = int(seen.labels[find]), float(seen.scores[find])
        box: Corners = tuple(seen.boxes[find].tolist())
        row = int(near.argmax()) if len(near) else -1
        if row < 0 or near[row] < _BESIDE:
            yield BoxDoubt("missing", image, None, label, label, box, score)
        elif not taken[row]:
            other = int(given.labels[row])
            if other != label and near[row] >= SAME:
                yield BoxDoubt("wrong_class", image, int(given.rows[row]), other, label, box, score)
                taken[row] = True
            elif other == label:
                yield BoxDoubt("misplaced", image, int(given.rows[row]), label, label, box, score)
                taken[row] = True
    for row in np.flatnonzero(~taken & ~_noticed(pair, trust.usual)).tolist():
        label = int(given.labels[row])
        if trust.recall[label] >= RELIABLE:
            box = tuple(given.boxes[row].tolist())
            yield BoxDoubt("spurious", image, int(given.rows[row]), label, label, box, float(trust.recall[label]))
