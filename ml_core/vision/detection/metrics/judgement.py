"""The COCO evaluation of detections: average precision by class, by overlap and by size of the objects.

Lin et al. 2014, arXiv:1405.0312; https://cocodataset.org/#detection-eval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ml_core.vision.detection.metrics.average_precision import RECALL_LEVELS, precision_by_recall
from ml_core.vision.detection.metrics.matching import match
from ml_core.vision.detection.metrics.overlap import Floats, overlaps
from ml_core.vision.detection.truth import Truth

OVERLAPS: Floats = np.linspace(0.5, 0.95, 10)
MOST_DETECTIONS = 100  # of a class in an image
SIZES: dict[str, tuple[float, float]] = {
    "all": (0.0, 1e10),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}


@dataclass(frozen=True)
class Found:
    """Detections in one image, by falling score.

    Attributes:
        boxes: (D, 4) corners in pixels of the image.
        scores: (D,).
        labels: (D,).
    """

    boxes: Floats
    scores: Floats
    labels: NDArray[np.int64]

    def of_class(self, label: int) -> Found:
        """The best of one class."""
        rows = np.flatnonzero(self.labels == label)[:MOST_DETECTIONS]
        return Found(self.boxes[rows], self.scores[rows], self.labels[rows])


@dataclass(frozen=True)
class ClassSize:
    """One class, objects of one range of sizes, over all images.

    Attributes:
        objects: How many there are to be found.
        scores: (D,) of the detections.
        hits: (T, D) at each of `OVERLAPS`.
        set_aside: (T, D) detections that do not count.
    """

    objects: int
    scores: Floats
    hits: NDArray[np.bool_]
    set_aside: NDArray[np.bool_]

    def counted(self, level: int = 0) -> tuple[Floats, NDArray[np.bool_]]:
        """Scores and hits of the detections that count at one overlap."""
        counts = ~self.set_aside[level]
        return self.scores[counts], self.hits[level, counts]

    def precisions(self) -> Floats | None:
        """(T, 101) precision by recall; None where there is nothing to be found."""
        if not self.objects:
            return None
        return np.stack([precision_by_recall(*self.counted(t), self.objects)[0] for t in range(len(OVERLAPS))])


@dataclass(frozen=True)
class Judgement:
    """Average precisions; NaN where a class or a size has no object.

    Attributes:
        precision: (sizes, classes, overlaps), sizes in the order of `SIZES`.
        tables: What they follow from, for objects of all sizes, class after class.
    """

    precision: Floats
    tables: list[ClassSize] = field(default_factory=list)

    def mean(self, size: str = "all", overlap: float | None = None) -> float:
        """Mean over classes that have objects, and over overlaps unless one is named."""
        part = self.precision[list(SIZES).index(size)]
        if overlap is not None:
            part = part[:, [int(np.abs(OVERLAPS - overlap).argmin())]]
        return float(np.nanmean(part)) if np.isfinite(part).any() else float("nan")


def judge(truths: Sequence[Truth], found: Sequence[Found], classes: int, sizes: Sequence[str] = ("all",)) -> Judgement:
    """Judge the detections of images.

    Args:
        truths: Of each image.
        found: In each image.
        classes: How many.
        sizes: Which ranges of `SIZES` to look at; the others are NaN.
    """
    precision = np.full((len(SIZES), classes, len(OVERLAPS)), np.nan)
    tables = []
    for place, size in enumerate(SIZES):
        if size not in sizes:
            continue
        for label in range(classes):
            table = _table(truths, found, label, SIZES[size])
            curves = table.precisions()
            if curves is not None:
                precision[place, label] = curves.mean(axis=1)
            if size == "all":
                tables.append(table)
    return Judgement(precision, tables)


def _table(truths: Sequence[Truth], found: Sequence[Found], label: int, area_range: tuple[float, float]) -> ClassSize:
    scores, hits, set_aside, objects = [], [], [], 0
    for truth, detections in zip(truths, found, strict=True):
        # A box of an unknown class may be anything: it is a crowd to every class.
        rows = np.flatnonzero((truth.labels == label) | (truth.labels < 0))
        own = detections.of_class(label)
        if not len(rows) and not len(own.scores):
            continue
        areas, crowds = truth.areas[rows], truth.ignored[rows]
        ignored = crowds | (areas < area_range[0]) | (areas > area_range[1])
        objects += int((~ignored).sum())
        matches = match(overlaps(own.boxes, truth.boxes[rows], crowds), OVERLAPS, ignored, crowds)
        own_areas = (own.boxes[:, 2:] - own.boxes[:, :2]).prod(axis=1)
        beyond = (own_areas < area_range[0]) | (own_areas > area_range[1])
        scores.append(own.scores)
        hits.append((matches.object >= 0) & ~matches.set_aside)
        set_aside.append(matches.set_aside | ((matches.object < 0) & beyond))
    if not scores:
        nothing = np.zeros((len(OVERLAPS), 0), dtype=np.bool_)
        return ClassSize(objects, np.zeros(0), nothing, nothing)
    return ClassSize(objects, np.concatenate(scores), np.concatenate(hits, axis=1), np.concatenate(set_aside, axis=1))


def curve(table: ClassSize) -> dict[str, list[float]]:
    """Precision and score by recall at an overlap of one half, for a plot; empty without objects."""
    if not table.objects:
        return {"recall": [], "precision": [], "score": []}
    precision, scores = precision_by_recall(*table.counted(), table.objects)
    return {
        "recall": RECALL_LEVELS.round(2).tolist(),
        "precision": precision.round(5).tolist(),
        "score": scores.round(5).tolist(),
    }
