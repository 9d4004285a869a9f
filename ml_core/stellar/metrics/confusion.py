"""Which class is taken for which."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike

from ml_core.stellar.metrics.tally import COUNT, Integers
from ml_core.stellar.spectra.subclass import CLASSES

ClassScores = TypedDict(
    "ClassScores", {"class": str, "n": int, "precision": float, "recall": float, "f1": float}
)  # "class" is a word of the language


def confusion_matrix(labels: ArrayLike, predicted: ArrayLike) -> Integers:
    """Counts (5, 5): rows are what the stars are, columns what was answered; unknown ones (-1) are left out."""
    truth, told = np.asarray(labels, np.int64), np.asarray(predicted, np.int64)
    kept = (truth >= 0) & (truth < COUNT) & (told >= 0) & (told < COUNT)
    cells = np.bincount(truth[kept] * COUNT + told[kept], minlength=COUNT * COUNT)
    return cells.reshape(COUNT, COUNT).astype(np.int64)


def class_scores(confusion: ArrayLike) -> list[ClassScores]:
    """Precision, recall and F1 of each class; 0 where a class was never answered or never occurs.

    Args:
        confusion: (5, 5), as `confusion_matrix` counts.
    """
    counts = np.asarray(confusion, np.float64)
    hits, are, called = np.diag(counts), counts.sum(1), counts.sum(0)
    precision = np.divide(hits, called, out=np.zeros(COUNT), where=called > 0)
    recall = np.divide(hits, are, out=np.zeros(COUNT), where=are > 0)
    f1 = np.divide(2 * hits, are + called, out=np.zeros(COUNT), where=are + called > 0)
    return [
        {"class": name, "n": int(are[at]), "precision": float(precision[at]), "recall": float(recall[at]),
         "f1": float(f1[at])}
        for at, name in enumerate(CLASSES)
    ]  # fmt: skip
