"""Images that are likely to lie in the wrong class, by probabilities from models that never learnt from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Doubt:
    """One label in doubt.

    Attributes:
        position: Of the image.
        label: Where it lies.
        likely: Where it rather belongs.
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

    Confident learning (C. Northcutt, L. Jiang, I. Chuang, JAIR 70, 2021): a class is believed of an image where its
    probability reaches what is usual for images that lie in it. Counting what is believed by where images lie tells how
    many labels of each class are wrong; so many of those that are predicted otherwise are in doubt, the least probable
    ones.

    Args:
        probabilities: (N, C); rows with NaN are passed over.
        labels: (N,) where the images lie.
    """
    judged = np.flatnonzero(np.isfinite(probabilities).all(axis=1))
    rows, given = probabilities[judged], labels[judged]
    everyone = np.arange(len(judged))
    usual = np.full(rows.shape[1], np.inf)
    for label in np.unique(given):
        usual[label] = rows[given == label, label].mean()
    believed = np.where(rows >= usual, rows, -1.0).argmax(axis=1)
    is_sure = (rows >= usual).any(axis=1)
    predicted = rows.argmax(axis=1)
    margin = rows[everyone, given] - rows[everyone, predicted]
    doubts: list[Doubt] = []
    for label in np.unique(given):
        own = given == label
        sure = own & is_sure
        wrong = round(float((believed[sure] != label).sum()) / max(1, int(sure.sum())) * int(own.sum()))
        others = np.flatnonzero(own & (predicted != label))
        for row in others[np.argsort(margin[others], kind="stable")][:wrong].tolist():
            likely = int(predicted[row])
            doubts.append(
                Doubt(int(judged[row]), int(label), likely, float(rows[row, label]), float(rows[row, likely]))
            )
    return sorted(doubts, key=lambda doubt: doubt.own - doubt.other)


def agreement(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Mean over classes of the share of images that are recognised as what they lie in; 0 without any."""
    judged = np.isfinite(probabilities).all(axis=1)
    hits = probabilities[judged].argmax(axis=1) == labels[judged]
    shares = [float(hits[labels[judged] == label].mean()) for label in np.unique(labels[judged])]
    return float(np.mean(shares)) if shares else 0.0
