"""Fits metric, prototypes and calibration to described pictures, in closed form and in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml_core.anime.collection.doubts import find_doubts
from ml_core.anime.collection.splits import deal_folds
from ml_core.anime.recognise.calibration import best_temperature, log_softmax
from ml_core.anime.recognise.metric import Metric, fit_metric
from ml_core.anime.recognise.prototypes import few_picture_factors, prototypes, similarities
from ml_core.data.doubts.wrong_classes import Doubt

FOLDS: Final = 5
STRANGE_SHARE: Final = 0.05  # of pictures of known characters that the threshold may call unknown
_FEWEST: Final = 2  # pictures of a character, below which it cannot be judged by pictures left out
_USUAL_KINSHIP: Final = 0.35

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LeftOut:
    """What is said about each picture by a metric and prototypes that never saw it or its copies.

    Attributes:
        scores: (N, C) similarities; NaN in rows of pictures that could not be left out.
        judged: (N,) rows that hold.
        kinship: Mean product of a picture left out and the others of its character.
    """

    scores: Floats
    judged: NDArray[np.bool_]
    kinship: float


@dataclass(frozen=True)
class FittedPrototypes:
    """A metric with what calibrates it.

    Attributes:
        metric: Learnt from all pictures.
        temperature: Divides similarities.
        kinship: See `LeftOut`.
        familiar: Similarity below which a picture counts as unknown.
        left_out: The judgement that these numbers rest on.
        doubts: Labels that are likely wrong.
    """

    metric: Metric
    temperature: float
    kinship: float
    familiar: float
    left_out: LeftOut
    doubts: list[Doubt]

    @property
    def trusted(self) -> NDArray[np.bool_]:
        """(N,) images that were judged and whose label is in no doubt: what confidence is measured by."""
        return _trusted(self.left_out, self.doubts)


def fit_prototypes(
    descriptions: Tensor, labels: Tensor, groups: Sequence[int], keys: Sequence[str], seed: int
) -> FittedPrototypes:
    """Fit to (N, D) descriptions; copies (equal ``groups``) are left out together."""
    left_out = leave_out(descriptions, labels, groups, keys, seed)
    truth = labels.numpy()
    first = best_temperature(left_out.scores[left_out.judged], truth[left_out.judged])
    doubts = find_doubts(np.exp(log_softmax(left_out.scores / first)), truth)
    trusted = _trusted(left_out, doubts)
    scores = left_out.scores[trusted]
    temperature = best_temperature(scores, truth[trusted])
    familiar = float(np.quantile(scores.max(axis=1), STRANGE_SHARE)) if trusted.any() else -1.0
    return FittedPrototypes(fit_metric(descriptions, labels), temperature, left_out.kinship, familiar, left_out, doubts)


def _trusted(left_out: LeftOut, doubts: Sequence[Doubt]) -> NDArray[np.bool_]:
    trusted = left_out.judged.copy()
    trusted[[doubt.position for doubt in doubts]] = False
    return trusted


def leave_out(descriptions: Tensor, labels: Tensor, groups: Sequence[int], keys: Sequence[str], seed: int) -> LeftOut:
    """Judge every picture by the others, in ``FOLDS`` rounds."""
    classes = int(labels.max()) + 1
    fold = torch.from_numpy(deal_folds(labels.tolist(), groups, keys, folds=FOLDS, seed=seed))
    scores = np.full((len(labels), classes), np.nan)
    kinships: list[float] = []
    for number in range(FOLDS):
        known, asked = fold != number, fold == number
        if not asked.any() or len(torch.unique(labels[known])) < _FEWEST:
            continue
        metric = fit_metric(descriptions[known], labels[known])
        vectors, queries = metric(descriptions[known]), metric(descriptions[asked])
        kinships += _kinship(vectors, labels[known], queries, labels[asked])
        kinship = _mean_kinship(kinships)
        factors = few_picture_factors(torch.bincount(labels[known], minlength=classes), kinship)
        directions = prototypes(vectors, labels[known], classes)
        scores[asked.numpy()] = similarities(queries, directions, factors).double().numpy()
    judged = np.isfinite(scores).all(axis=1)
    return LeftOut(scores, judged, _mean_kinship(kinships))


def mean_kinship(vectors: Tensor, labels: Tensor, queries: Tensor, truth: Tensor) -> float:
    """Mean product of (Q, R) queries and the known (N, R) vectors of their characters."""
    return _mean_kinship(_kinship(vectors, labels, queries, truth))


def _mean_kinship(kinships: list[float]) -> float:
    return float(np.mean(kinships)) if kinships else _USUAL_KINSHIP


def _kinship(vectors: Tensor, labels: Tensor, queries: Tensor, truth: Tensor) -> list[float]:
    """Mean product of each query with the known pictures of its own character."""
    same = truth[:, None] == labels[None]
    counted = same.sum(1)
    products = (queries @ vectors.T * same).sum(1) / counted.clamp(min=1)
    return [float(value) for value in products[counted > 0]]


def left_out_log_probabilities(fitted: FittedPrototypes) -> Floats:
    """(N, C) logarithms of probabilities; rows that were not judged are even."""
    scores = np.where(fitted.left_out.judged[:, None], fitted.left_out.scores, 0.0)
    return log_softmax(scores / fitted.temperature)
