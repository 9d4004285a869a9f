"""The counts that all measures of a set of stars follow from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml_core.errors import CodedError
from ml_core.stellar.spectra.subclass import CLASSES

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

COUNT: Final = len(CLASSES)
BINS: Final = 10
#: Probabilities come as single precision; a row may miss 1 by so much.
_SLACK: Final = 1e-3


class MetricError(CodedError):
    """Answers and labels that cannot be compared."""

    default_code = "stellar.metrics"


@dataclass(frozen=True)
class Answers:
    """Answers about stars whose class is known.

    Attributes:
        labels: (N,) 0..4, what they are.
        predicted: (N,) 0..4, what was answered.
        confidence: (N,) its probability.
        kept: (M,) bool, which of all stars have a known class.
    """

    labels: Integers
    predicted: Integers
    confidence: Floats
    kept: NDArray[np.bool_]


def answers(probabilities: ArrayLike, labels: ArrayLike) -> Answers:
    """Apply the rule: the highest probability is the answer; of equal ones the earlier class.

    Args:
        probabilities: (M, 5), rows that sum to 1.
        labels: (M,) 0..4, anything else for unknown.

    Raises:
        MetricError: The shapes do not fit, or the rows are no probabilities.
    """
    given, known = np.asarray(probabilities, np.float64), np.asarray(labels)
    if given.ndim != 2 or given.shape[1] != COUNT or known.shape != given.shape[:1]:
        raise MetricError(
            f"Probabilities of shape {given.shape} do not fit labels of shape {known.shape}.",
            hint=f"Give one row of {COUNT} probabilities for each star.",
        )
    if not (np.isfinite(given).all() and (given >= 0).all() and (np.abs(given.sum(1) - 1) < _SLACK).all()):
        raise MetricError("The rows are no probabilities.", hint="Give numbers from 0 to 1 that sum to 1.")
    kept = (known >= 0) & (known < COUNT)
    given = given[kept]
    return Answers(known[kept].astype(np.int64), given.argmax(1), given.max(1, initial=0.0), kept)


@dataclass(frozen=True)
class Tally:
    """Counts of a set of stars.

    Attributes:
        confusion: (5, 5), rows what they are, columns what was answered.
        bins: (10, 3), by confidence: stars, sum of the confidences, right answers.
    """

    confusion: Floats
    bins: Floats

    def measures(self) -> dict[str, float]:
        """``macro_f1``, ``accuracy``, ``within_one``, ``ece``; NaN without stars."""
        stars = self.confusion.sum()
        if not stars:
            return dict.fromkeys(("macro_f1", "accuracy", "within_one", "ece"), float("nan"))
        distance = np.abs(np.subtract.outer(np.arange(COUNT), np.arange(COUNT)))
        present = self.confusion.sum(1) > 0
        hits, both = np.diag(self.confusion), self.confusion.sum(0) + self.confusion.sum(1)
        gaps = np.abs(self.bins[:, 2] - self.bins[:, 1])
        return {
            "macro_f1": float((2 * hits[present] / both[present]).mean()),
            "accuracy": float(hits.sum() / stars),
            "within_one": float(self.confusion[distance <= 1].sum() / stars),
            "ece": float(gaps.sum() / stars),
        }


class Tallier:
    """Counts any selection of the same stars quickly, as the bootstrap asks for many."""

    def __init__(self, told: Answers) -> None:
        self._cells = told.labels * COUNT + told.predicted
        self._bins = np.minimum((told.confidence * BINS).astype(np.int64), BINS - 1)
        self._confidence = told.confidence
        self._right = (told.labels == told.predicted).astype(np.float64)
        self.stars = len(told.labels)

    def tally(self, chosen: NDArray[Any] | slice = slice(None)) -> Tally:
        """Counts of the chosen stars: a mask, or indices, which may repeat."""
        cells, bins = self._cells[chosen], self._bins[chosen]
        confusion = np.bincount(cells, minlength=COUNT * COUNT).reshape(COUNT, COUNT).astype(np.float64)
        weights = (None, self._confidence[chosen], self._right[chosen])
        return Tally(confusion, np.stack([np.bincount(bins, weight, BINS) for weight in weights], axis=1))
