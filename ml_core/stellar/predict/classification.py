"""Answers about stars, as plain arrays: what classifiers and baselines alike give. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.stellar.spectra.subclass import CLASSES

Floats = NDArray[np.floating[Any]]

#: From here on a star is taken for none of the classes.
NOVEL: Final = 0.5
#: Two answers contradict each other when their probabilities have less than this in common.
_LEAST_OVERLAP: Final = 0.1


@dataclass(frozen=True)
class Classification:
    """Answers about N stars.

    Attributes:
        probabilities: (N, 5) of the classes, given that the star is of one of them.
        by_modality: (N, 5) from one source alone, by its name; rows of stars that lack it are NaN.
        type_mean: (N,) continuous sub-type, 0 = M0.
        type_sd: (N,) its standard deviation.
        novelty: (N,) 0..1, how little the star looks like any of the classes.
        embedding: (N, D).
        weights: (N, 3) share of spectrum, image and photometry in the answer, NaN where the model has no such thing.
        modality: (N,) ``both``, ``spectrum``, ``image`` or ``none``: what was looked at.
    """

    probabilities: Floats
    by_modality: Mapping[str, Floats]
    type_mean: Floats
    type_sd: Floats
    novelty: Floats
    embedding: Floats
    weights: Floats
    modality: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.probabilities)

    @property
    def label(self) -> NDArray[np.int64]:
        """(N,) the most probable class, also of a star that is none."""
        return np.asarray(self.probabilities.argmax(1), np.int64)

    @property
    def is_member(self) -> NDArray[np.bool_]:
        """(N,) whether the star is one of the classes at all."""
        return np.asarray(self.novelty < NOVEL)

    @property
    def predicted(self) -> NDArray[np.int64]:
        """(N,) the answer: a class, or -1 for none of them."""
        return np.asarray(np.where(self.is_member, self.label, -1), np.int64)

    @property
    def confidence(self) -> Floats:
        """(N,) how sure the answer is: the highest probability for a member; for others it falls to 0 with novelty."""
        best: Floats = self.probabilities.max(1)
        return np.asarray(best * np.minimum(1.0, (1.0 - self.novelty) / NOVEL))

    @property
    def disagrees(self) -> NDArray[np.bool_]:
        """(N,) whether spectrum and image contradict each other: hardly any class that both hold for possible."""
        if not {"spectrum", "image"} <= self.by_modality.keys():
            return np.zeros(len(self), bool)
        overlap = np.minimum(self.by_modality["spectrum"], self.by_modality["image"]).sum(1)
        return np.asarray(overlap < _LEAST_OVERLAP)  # of NaN rows this is False

    def take(self, rows: NDArray[Any] | slice) -> Classification:
        """Some of the stars: a mask, indices or a slice."""
        return Classification(
            self.probabilities[rows], {name: values[rows] for name, values in self.by_modality.items()},
            self.type_mean[rows], self.type_sd[rows], self.novelty[rows], self.embedding[rows], self.weights[rows],
            self.modality[rows],
        )  # fmt: skip


def join(parts: list[Classification]) -> Classification:
    """Answers about the stars of all parts, in order."""
    names = parts[0].by_modality.keys()
    return Classification(
        np.concatenate([part.probabilities for part in parts]),
        {name: np.concatenate([part.by_modality[name] for part in parts]) for name in names},
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("type_mean", "type_sd", "novelty", "embedding", "weights", "modality")
        ),
    )


def answer_of(answers: Floats, row: int) -> dict[str, Any] | None:
    """One row of probabilities as JSON: class, confidence, probabilities; None where the star lacks the source."""
    values = answers[row]
    if not np.isfinite(values).all():
        return None
    best = int(values.argmax())
    return {
        "class": CLASSES[best],
        "confidence": round(float(values[best]), 6),
        "probabilities": {name: round(float(value), 6) for name, value in zip(CLASSES, values, strict=True)},
    }
