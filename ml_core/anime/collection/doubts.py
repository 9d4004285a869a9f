"""Pictures that are likely to lie under the wrong name, by what is said about them when they are left out.

After C. Northcutt, L. Jiang and I. Chuang, "Confident learning", JAIR 70, 2021: a label is in doubt where another
character is as probable as it usually is for its own pictures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_core.data.doubts.wrong_classes import Doubt


def find_doubts(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> list[Doubt]:
    """Doubts, gravest first: every picture that is believed of another character.

    `ml_core.data.doubts.wrong_classes` also counts how many labels of a class are wrong, and doubts no more of them;
    here every one is shown to a person.

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
