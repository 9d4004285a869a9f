"""How well a new character is told apart after so many images, judged by its images that were left out.

Prototypes are recomputed with and without images in closed form, so that hundreds of draws cost a moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ml_core.anime.recognise.calibration import log_softmax
from ml_core.anime.recognise.prototypes import few_picture_factors
from ml_core.anime.recognise.recogniser import Recogniser, hear_network

SIZES: Final = (1, 5, 10, 20)
_DRAWS: Final = 24  # of images at each size: the mean then hardly depends on which
_CONFUSABLE: Final = 0.1  # mean probability that another character gets on the new one's images

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """What to expect of a character learnt from so many images.

    Attributes:
        images: Learnt from.
        told_apart: Share of the others that are recognised.
        error: Standard error of that share, by the number of images judged.
    """

    images: int
    told_apart: float
    error: float


@dataclass(frozen=True)
class Confusable:
    """A character that the new one is hard to tell from.

    Attributes:
        name: Its name.
        probability: What it gets on the new one's images, on average.
        taken_for: How many of these are taken for it.
    """

    name: str
    probability: float
    taken_for: int


class NewCharacter:
    """A character's images before a recogniser that does not know them.

    Args:
        recogniser: With the characters known before, among them the one that gets more images, if any.
        pixels: (N, 3, S, S) uint8 of the images.
        vectors: (N, R) of them.
        name: Of the character.
    """

    def __init__(self, recogniser: Recogniser, pixels: Tensor, vectors: Tensor, name: str) -> None:
        self._model, self._vectors, self._name = recogniser, vectors, name
        self._names = list(recogniser.characters)
        if name not in self._names:
            self._names.append(name)
        self._place = self._names.index(name)
        exemplars = recogniser.exemplars
        self._sums = _class_sums(exemplars.vectors, exemplars.labels, len(self._names))
        self._counts = torch.bincount(exemplars.labels, minlength=len(self._names))
        self._similar = vectors @ functional.normalize(self._sums, dim=1).T
        self._heard: Floats | None = None
        if recogniser.network is not None:
            self._heard = recogniser.network.log_probabilities(pixels, recogniser.calibration.network_temperature)

    def curve(self, seed: int = 0) -> list[Point]:
        """Points at 1, 2, 3, 5, 10, 20 and one less than all images, as far as the images reach."""
        most = len(self._vectors) - 1
        sizes = sorted({size for size in (1, 2, 3, 5, 10, 20, most) if 1 <= size <= most})
        return [self._point(size, np.random.default_rng([seed, size])) for size in sizes]

    def confusable(self) -> list[Confusable]:
        """Characters that it is hard to tell from, hardest first; each image is judged by all the others."""
        if len(self._vectors) < 2:
            return []
        chances = np.concatenate([self._chances(_all_but(row, len(self._vectors)), [row]) for row in self._rows])
        mean, taken_for = chances.mean(axis=0), np.bincount(chances.argmax(axis=1), minlength=len(self._names))
        hard = [place for place in range(len(self._names)) if mean[place] >= _CONFUSABLE or taken_for[place]]
        return [
            Confusable(self._names[place], float(mean[place]), int(taken_for[place]))
            for place in sorted(hard, key=lambda place: -mean[place])
            if place != self._place
        ]

    @property
    def _rows(self) -> range:
        return range(len(self._vectors))

    def _point(self, size: int, rng: np.random.Generator) -> Point:
        if size == len(self._vectors) - 1:
            draws = [_all_but(row, len(self._vectors)) for row in self._rows]
        else:
            draws = [sorted(rng.permutation(len(self._vectors))[:size].tolist()) for _ in range(_DRAWS)]
        hits: list[float] = []
        for learnt in draws:
            judged = sorted(set(self._rows) - set(learnt))
            hits += (self._chances(learnt, judged).argmax(axis=1) == self._place).astype(float).tolist()
        return Point(size, float(np.mean(hits)), _standard_error(float(np.mean(hits)), len(self._vectors)))

    def _chances(self, learnt: list[int], judged: list[int]) -> Floats:
        """(J, C) probabilities for images, after learning from others."""
        own = self._sums[self._place] + self._vectors[learnt].sum(0)
        counts = self._counts.clone()
        counts[self._place] += len(learnt)
        scores = self._similar[judged].clone()
        scores[:, self._place] = self._vectors[judged] @ functional.normalize(own, dim=0)
        scores = scores * few_picture_factors(counts, self._model.calibration.kinship)
        logs = log_softmax(scores.double().numpy() / self._model.calibration.prototype_temperature)
        if self._heard is not None:
            heard = self._model.network_classes
            columns = [number for number, name in enumerate(heard) if name in self._names]
            places = [self._names.index(heard[number]) for number in columns]
            logs = hear_network(logs, self._heard[judged][:, columns], places, self._model.calibration.network_share)
        chances: Floats = np.exp(log_softmax(logs / self._model.calibration.temperature))
        return chances


def known_top1(recogniser: Recogniser, among: list[str]) -> float | None:
    """Top-1 on the remembered images of some characters, each judged by prototypes that leave it out.

    The metric was learnt from these images, so the level flatters; what a change does to it does not.
    """
    exemplars, classes = recogniser.exemplars, len(recogniser.characters)
    sums = _class_sums(exemplars.vectors, exemplars.labels, classes)
    counts = torch.bincount(exemplars.labels, minlength=classes)
    places = torch.tensor([recogniser.characters.index(name) for name in among], dtype=torch.int64)
    rows = (torch.isin(exemplars.labels, places) & (counts[exemplars.labels] > 1)).nonzero()[:, 0]
    if not len(rows):
        return None
    vectors, labels = exemplars.vectors[rows], exemplars.labels[rows]
    factors = few_picture_factors(counts, recogniser.calibration.kinship)
    scores = vectors @ functional.normalize(sums, dim=1).T * factors
    fewer = few_picture_factors(counts[labels] - 1, recogniser.calibration.kinship)
    left_out = (vectors * functional.normalize(sums[labels] - vectors, dim=1)).sum(1) * fewer
    scores[torch.arange(len(rows)), labels] = left_out
    return float((scores.argmax(1) == labels).double().mean())


def _standard_error(share: float, images: int) -> float:
    """Of a share of so many images, by the plus-four rule: not zero where all are right (Agresti and Coull 1998)."""
    middle = (share * images + 2) / (images + 4)
    return float(np.sqrt(middle * (1 - middle) / (images + 4)))


def _class_sums(vectors: Tensor, labels: Tensor, classes: int) -> Tensor:
    return torch.zeros(classes, vectors.shape[1]).index_add_(0, labels, vectors)


def _all_but(row: int, total: int) -> list[int]:
    return [other for other in range(total) if other != row]
