"""Pictures that are likely to lie under the wrong name, by what is said about them when they are left out.

After C. Northcutt, L. Jiang and I. Chuang, "Confident learning", JAIR 70, 2021: a label is in doubt where another
character is as probable as it usually is for its own pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Doubt:
    """One label in doubt.

    Attributes:
        position: Of the picture.
        label: Where it lies.
        likely: Whose picture it rather is.
        own: Probability of the label.
        other: Probability of ``likely``.
    """

    position: int
    label: int
    likely: int
    own: float
    other: float


def find_doubts(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> list[Doubt]:
    """Doubts, gravest first.

    Args:
        probabilities: (N, C) from models that never saw the picture; rows with NaN are passed over.
        labels: (N,) where the pictures lie.
    """
    judged = np.flatnonzero(np.isfinite(probabilities).all(axis=1))
    usual = np.full(probabilities.shape[1], np.inf)
    for label in np.unique(labels[judged]):
        usual[label] = probabilities[judged][labels[judged] == label, label].mean()
    doubts = []
    for position in judged:
        row, label = probabilities[position], int(labels[position])
        likely = int(np.argmax(np.where(row >= usual, row, -1.0)))
        if likely != label and row[likely] >= usual[likely] and row[likely] > row[label]:
            doubts.append(Doubt(int(position), label, likely, float(row[label]), float(row[likely])))
    return sorted(doubts, key=lambda doubt: doubt.own - doubt.other)
