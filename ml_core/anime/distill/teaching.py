"""What a teacher says about views of images: whose they are, and how they are described.

A recogniser has seen the images that a student learns from, and is sure of their labels: such answers say nothing that
the labels do not. Each image is therefore judged by a metric and prototypes that were made without it and its copies,
learnt from the rest in closed form. Beside this answer a student is told the description itself, in its strongest
directions: many numbers an image, where a label is one (A. Romero et al., "FitNets", ICLR 2015).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ml_core.anime.classifier.data import PictureData
from ml_core.anime.collection.splits import deal_folds
from ml_core.anime.recognise.calibration import best_temperature
from ml_core.anime.recognise.metric import Metric, fit_metric, principal_directions
from ml_core.anime.recognise.prototypes import prototypes
from ml_core.anime.recognise.recogniser import Recogniser

ROUNDS: Final = 5
DIRECTIONS: Final = 256  # of the descriptions that a student is told
_VIEWS_OF_METRIC: Final = 3  # views of each image that the metric learns from, beside the image itself
_MOST_DESCRIPTIONS: Final = 8_000  # in memory at once; with more images fewer views do
_BATCH: Final = 64

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Said:
    """About one view of each of N images.

    Attributes:
        answers: (N, C) logarithms of probabilities.
        descriptions: (N, D) unit vectors.
    """

    answers: Tensor
    descriptions: Tensor


@dataclass(frozen=True)
class _Judge:
    """A metric with prototypes, and the rows that neither of them was made from."""

    rows: Tensor
    metric: Metric
    directions: Tensor


class Teaching:
    """Answers about view after view, kept once they are given.

    Args:
        teacher: Who is asked.
        images: The student's images, in views at the teacher's size.
        groups: Group of each image; copies share one.
        keys: What identifies each image.
        views: Number of different views of an image; later epochs show them again.
        seed: Deals images to rounds.
        progress: Called with images and all, while the first views are described.
    """

    def __init__(
        self,
        teacher: Recogniser,
        images: PictureData,
        groups: Sequence[int],
        keys: Sequence[str],
        *,
        views: int,
        seed: int,
        progress: Progress | None = None,
    ) -> None:
        self.views = views
        self._teacher, self._images = teacher, images
        self._kept: dict[int, Said] = {}
        shown = max(1, min(_VIEWS_OF_METRIC, views, _MOST_DESCRIPTIONS // len(images) - 1))
        plain = teacher.describer.describe(images.pixels, progress)
        first = [self._describe(view) for view in range(shown)]
        self._origin, self._basis = _strongest(torch.cat([plain, first[0]]))
        fold = deal_folds(images.labels.tolist(), groups, keys, folds=ROUNDS, seed=seed)
        self._judges = self._make_judges(torch.stack([plain, *first]), torch.from_numpy(fold))
        self._temperature = self._find_temperature(first)

    @property
    def length(self) -> int:
        """Number of values of a description."""
        return self._basis.shape[1]

    def about(self, view: int) -> Said:
        """What is said about one view of each image."""
        view %= self.views
        if view not in self._kept:
            descriptions = self._describe(view)
            told = functional.normalize((descriptions - self._origin) @ self._basis, dim=1)
            self._kept[view] = Said((self._scores(descriptions) / self._temperature).log_softmax(1), told)
        return self._kept[view]

    def _describe(self, view: int) -> Tensor:
        found = []
        for start in range(0, len(self._images), _BATCH):
            rows = range(start, min(start + _BATCH, len(self._images)))
            views, _, _ = self._images.batch(rows, view)
            found.append(self._teacher.describer.describe((views * 255).round().to(torch.uint8).contiguous()))
        return torch.cat(found)

    def _make_judges(self, shown: Tensor, fold: Tensor) -> list[_Judge]:
        """One for each round; ``shown`` is (V, N, D)."""
        labels, judges = self._images.labels, []
        for number in range(ROUNDS):
            rows, rest = (fold == number).nonzero()[:, 0], fold != number
            if not len(rows) or len(torch.unique(labels[rest])) < 2:
                continue
            known = shown[:, rest].flatten(0, 1)
            named = labels[rest].repeat(len(shown))
            metric = fit_metric(known, named)
            judges.append(_Judge(rows, metric, prototypes(metric(known), named, len(self._teacher.characters))))
        return judges

    def _scores(self, descriptions: Tensor) -> Tensor:
        """(N, C) cosines; zero in rows that no judge can speak about."""
        scores = torch.zeros(len(descriptions), len(self._teacher.characters))
        for judge in self._judges:
            scores[judge.rows] = judge.metric(descriptions[judge.rows]) @ judge.directions.T
        return scores

    def _find_temperature(self, described: list[Tensor]) -> float:
        scores: NDArray[np.float64] = torch.cat([self._scores(view) for view in described]).double().numpy()
        return best_temperature(scores, np.tile(self._images.labels.numpy(), len(described)))


def _strongest(descriptions: Tensor) -> tuple[Tensor, Tensor]:
    """Origin and basis of the principal components, each divided by the root of its deviation.

    So the strong ones still count for more, but not for everything.
    """
    origin = descriptions.mean(0)
    directions = principal_directions(descriptions - origin, DIRECTIONS)
    spread = ((descriptions - origin) @ directions).std(0).clamp(min=1e-6)
    return origin, directions / spread.sqrt()
