"""The specification's split: each class gives the same share to validation, by a draw that the seed decides."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml_core.errors import FormatError
from ml_core.run.seeds import mix

Indices = NDArray[np.int64]


class Split(NamedTuple):
    """Rows that are trained on, and rows that are judged by; both ascending."""

    train: Indices
    validation: Indices


def stratified_split(labels: ArrayLike, share: float, seed: int) -> Split:
    """Hold out ``share`` of every class, at least one star of each class with two or more.

    Args:
        labels: (N,) classes.
        share: Part of each class, 0 to 1.
        seed: Which stars.

    Raises:
        FormatError: ``stellar.too_few_stars`` when fewer than two classes have two stars.
    """
    known = np.asarray(labels)
    train, validation = [], []
    whole_classes = 0
    for label in np.unique(known):
        rows = np.random.default_rng(mix(seed, "split", int(label))).permutation(np.flatnonzero(known == label))
        held_out = min(len(rows) - 1, max(1, round(share * len(rows))))
        whole_classes += held_out > 0
        validation.append(rows[:held_out])
        train.append(rows[held_out:])
    if whole_classes < 2:
        raise FormatError(
            "There are too few stars to train on: at least two classes need two stars each.",
            code="stellar.too_few_stars",
            hint="Add stars with spectra, images and classes to the survey, or train on one modality alone.",
            where="survey",
        )
    return Split(np.sort(np.concatenate(train)), np.sort(np.concatenate(validation)))
