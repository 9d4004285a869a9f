"""Views of images with what is to be said about them, by the labels and by the teacher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ml_core.anime.classifier.data import PictureData
from ml_core.anime.classifier.mixing import mix_batch
from ml_core.anime.distill.teaching import Teaching
from ml_core.run.seeds import mix

TaughtBatch = tuple[Tensor, Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class Softness:
    """How certain targets are.

    Attributes:
        temperature: Divides the logarithms of the teacher's answers.
        label_smoothing: Share of certainty that is taken from a label and spread over all.
        mixing: Share of batches that are mixed with themselves.
    """

    temperature: float = 1.0
    label_smoothing: float = 0.1
    mixing: float = 0.5


class TaughtData:
    """A batch is views (N, 3, size, size), targets by labels and by the teacher (N, C), and descriptions (N, D).

    Mixing takes place here, by draws of the batch's own, so that both students are shown the same.

    Args:
        images: Views as the teacher is shown them.
        teaching: What it says about them.
        size: Pixels of a side of the students' input.
        softness: See there.
        seed: Seed of the run.
    """

    prefers_workers = False

    def __init__(self, images: PictureData, teaching: Teaching, size: int, softness: Softness, seed: int) -> None:
        self._images, self._teaching, self._size, self._softness, self._seed = images, teaching, size, softness, seed

    def __len__(self) -> int:
        return len(self._images)

    def batch(self, indices: Sequence[int], epoch: int) -> TaughtBatch:
        """See the class. After as many epochs as the teaching has views, the first view comes again."""
        view, softness = epoch % self._teaching.views, self._softness
        views, labels, rows = self._images.batch(indices, view)
        said = self._teaching.about(view)
        answers, told = said.answers[rows], said.descriptions[rows]
        classes = answers.shape[1]
        sure = functional.one_hot(labels, classes).to(views.dtype)
        hard = sure * (1 - softness.label_smoothing) + softness.label_smoothing / classes
        targets = torch.cat([hard, (answers / softness.temperature).softmax(1), told], dim=1)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(mix(self._seed, f"mixing {epoch} {indices[0]}"))
            views, targets = mix_batch(small(views, self._size), targets, softness.mixing)
        hard, soft, told = torch.split(targets, [classes, classes, told.shape[1]], dim=1)
        return views, hard, soft, told

    def item_name(self, index: int) -> str:
        """The path of the image."""
        return self._images.item_name(index)


def small(views: Tensor, size: int) -> Tensor:
    """Views as the teacher is shown them, (N, 3, S, S), at the students' size."""
    if views.shape[-1] != size:
        views = functional.interpolate(views, size=(size, size), mode="bilinear", antialias=True)
    return views.contiguous(memory_format=torch.channels_last)
