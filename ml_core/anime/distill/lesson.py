"""What a lesson is about: the images to learn from, in views, and those that are kept to judge by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ml_core.anime.classifier.data import PictureData
from ml_core.anime.classifier.views import ViewSettings
from ml_core.anime.collection.reading import Collection
from ml_core.anime.collection.sources import read_sources
from ml_core.anime.collection.splits import hold_out
from ml_core.anime.distill.compare import Judging
from ml_core.anime.distill.student import Learnt
from ml_core.anime.recognise.fitting import fit_prototypes
from ml_core.anime.recognise.recogniser import Recogniser


@dataclass(frozen=True)
class Lesson:
    """A collection in two parts, without copies across.

    Attributes:
        images: To learn from, in views as the teacher is shown them.
        groups: Group of each of these; copies share one.
        keys: SHA-256 of each of these.
        held: To judge by, as they are.
        trusted: Of these, (H,) whose label is in no doubt.
        sources: Of these, where each came from.
    """

    images: PictureData
    groups: list[int]
    keys: list[str]
    held: PictureData
    trusted: Tensor
    sources: list[str]

    def learnt(self) -> Learnt:
        """What students are made recognisers by."""
        names = [self.held.item_name(row) for row in self.trusted.nonzero()[:, 0].tolist()]
        return Learnt(self.images, self.held.pixels[self.trusted], self.held.labels[self.trusted], names)

    def judging(self) -> Judging:
        """The images held out, all of them."""
        names = [self.held.item_name(row) for row in range(len(self.held))]
        return Judging(self.held.pixels, self.held.labels.numpy(), self.sources, names)


def prepare_lesson(
    collection: Collection, labels: Tensor, teacher: Recogniser, side: int, share: float, seed: int
) -> Lesson:
    """Hold images out and ask the teacher which labels are in doubt.

    Args:
        collection: The images.
        labels: (N,) their characters' positions among those of the teacher.
        teacher: Whose descriptions tell which labels are in doubt.
        side: Pixels of a side of a view.
        share: Of each character's images that is held out.
        seed: Seed of the run.
    """
    keys = [picture.sha256 for picture in collection.pictures]
    paths = [picture.path for picture in collection.pictures]
    groups = collection.copies.group_of.tolist()
    held = hold_out(labels.tolist(), groups, keys, share=share, seed=seed)
    fitted = fit_prototypes(teacher.describer.describe(collection.pixels), labels, groups, keys, seed)

    def part(rows: list[int], views: ViewSettings | None) -> PictureData:
        return PictureData(collection.pixels[rows], labels[rows], [paths[row] for row in rows], side, seed, views)

    learnt, kept = np.flatnonzero(~held).tolist(), np.flatnonzero(held).tolist()
    return Lesson(
        part(learnt, ViewSettings()),
        [groups[row] for row in learnt],
        [keys[row] for row in learnt],
        part(kept, None),
        torch.from_numpy(fitted.trusted[kept]),
        read_sources(collection.root, "", [paths[row] for row in kept]),
    )
