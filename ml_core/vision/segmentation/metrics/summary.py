"""Scores of classes and of everything, from counts pooled over all images: large images count more than small ones.

A share that has nothing to be a share of is NaN and left out of means: the IoU of a class that neither is nor was
predicted, for instance. A class that was predicted and never is has an IoU of 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_core.vision.segmentation.metrics.image_score import Counts, ImageScore
from ml_core.vision.segmentation.truth import BACKGROUND

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Summary:
    """Pooled counts.

    Attributes:
        matrix: (C, C) pixels, rows are true, columns predicted.
        outlines: (C, 4) as `match_outlines` has them; 0 for the background, whose outline is that of the objects.
    """

    matrix: Counts
    outlines: Counts

    @property
    def iou(self) -> Floats:
        """(C,) intersection over union."""
        right = self.matrix.diagonal()
        return _share(right, self.matrix.sum(0) + self.matrix.sum(1) - right)

    @property
    def dice(self) -> Floats:
        """(C,) twice the intersection over the sum of both; the F1 of pixels."""
        return _share(2 * self.matrix.diagonal(), self.matrix.sum(0) + self.matrix.sum(1))

    @property
    def precision(self) -> Floats:
        """(C,) share of the predicted pixels that are right."""
        return _share(self.matrix.diagonal(), self.matrix.sum(0))

    @property
    def recall(self) -> Floats:
        """(C,) share of the true pixels that are found."""
        return _share(self.matrix.diagonal(), self.matrix.sum(1))

    @property
    def boundary_f1(self) -> Floats:
        """(C,) harmonic mean of the shares of both outlines that lie near the other one."""
        found, right, true, hit = self.outlines.T
        precision, recall = _share(right, found), _share(hit, true)
        # With only one of both outlines nothing is right.
        precision, recall = (np.where(np.isnan(one) & (found + true > 0), 0.0, one) for one in (precision, recall))
        return _share(2 * precision * recall, precision + recall, where_none=np.where(found + true > 0, 0.0, np.nan))

    @property
    def scores(self) -> dict[str, float]:
        """``miou`` and ``boundary_f1`` (means over classes), ``pixel_accuracy``."""
        accuracy = _share(self.matrix.trace(), self.matrix.sum())
        return {"miou": _mean(self.iou), "pixel_accuracy": float(accuracy), "boundary_f1": _mean(self.boundary_f1)}


def summarise(scores: Sequence[ImageScore], classes: int) -> Summary:
    """Add up the scores of images.

    Args:
        scores: Of each image.
        classes: How many, with the background.
    """
    matrix, outlines = np.zeros((classes, classes), dtype=np.int64), np.zeros((classes, 4), dtype=np.int64)
    for score in scores:
        matrix[score.cells[:, 0], score.cells[:, 1]] += score.cells[:, 2]
        outlines[score.outlines[:, 0]] += score.outlines[:, 1:]
    outlines[BACKGROUND] = 0
    return Summary(matrix, outlines)


def _share(part: Counts | Floats, whole: Counts | Floats, where_none: Floats | float = np.nan) -> Floats:
    parts, wholes = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    result = np.array(np.broadcast_to(where_none, wholes.shape), dtype=np.float64)
    np.divide(parts, wholes, out=result, where=wholes > 0)
    return result


def _mean(values: Floats) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")
