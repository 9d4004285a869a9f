"""Probabilities of classes for images from a classifier that has not learnt from them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32]
Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

#: Shares of the mean variance that are added to all directions; the one that predicts best is taken.
_RIDGES: Final = (0.03, 0.3, 3.0)
_SHARPNESS: Final = tuple(2 ** (step / 2) for step in range(14))
_LEAST: Final = 1e-12


def deal_folds(groups: NDArray[np.int64], labels: Labels, folds: int, seed: int) -> NDArray[np.int64]:
    """The fold of each image: every class is spread evenly, and what belongs together stays together.

    Args:
        groups: (N,) equal for images that must not be on both sides, such as copies.
        labels: (N,) classes.
        folds: How many.
        seed: Decides the dealing.
    """
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(first))
    order = order[np.argsort(labels[first][order], kind="stable")]
    dealt = np.empty(len(first), dtype=np.int64)
    dealt[order] = np.arange(len(first)) % folds
    return dealt[inverse]


def out_of_fold(features: Features, labels: Labels, fold: NDArray[np.int64], classes: int) -> Floats:
    """Probabilities by least squares with a ridge, each fold from the others, sharpened until they are calibrated.

    Args:
        features: (N, D), finite.
        labels: (N,) classes.
        fold: (N,) from `deal_folds`.
        classes: How many.

    Returns:
        (N, classes), rows sum to 1.
    """
    scale = features.std(axis=0) + 0.01 * (features.std() or 1.0)
    values = (features - features.mean(axis=0)) / scale
    wanted = np.eye(classes)[labels]
    candidates = [_scores(values, wanted, fold, ridge) for ridge in _RIDGES]
    best = min(candidates, key=lambda scores: float(np.square(scores - wanted).sum()))
    return calibrated(best, labels)


def _scores(values: Features, wanted: Floats, fold: NDArray[np.int64], ridge: float) -> Floats:
    square, totals = (values.T @ values).astype(np.float64), wanted.sum(axis=0)
    product = values.T @ wanted
    means, weight = values.sum(axis=0, dtype=np.float64), ridge * values.shape[1]
    scores = np.zeros_like(wanted)
    for part in np.unique(fold):
        out = fold == part
        left = max(1, int((~out).sum()))
        share = (totals - wanted[out].sum(axis=0)) / left
        own = values[out]
        normal = square - own.T @ own + weight * np.eye(values.shape[1])
        target = product - own.T @ wanted[out] - np.outer(means - own.sum(axis=0), share)
        scores[out] = own @ np.linalg.solve(normal, target) + share
    return scores


def calibrated(scores: Floats, labels: Labels) -> Floats:
    """Softmax of scores, as sharp as the labels bear out (C. Guo et al. 2017, arXiv:1706.04599)."""
    rows = np.arange(len(labels))

    def softmax(sharpness: float) -> Floats:
        powers = np.exp(sharpness * (scores - scores.max(axis=1, keepdims=True)))
        result: Floats = powers / powers.sum(axis=1, keepdims=True)
        return result

    return min(map(softmax, _SHARPNESS), key=lambda p: -float(np.log(p[rows, labels] + _LEAST).mean()))
