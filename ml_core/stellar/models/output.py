"""What every network of stars answers, and what each is asked with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from torch import Tensor

#: Arguments of a classifier's ``forward``, in this order; a training batch holds them and ``label``.
INPUTS: Final = ("flux", "ivar", "image", "photometry", "has_spectrum", "has_image")


@dataclass(frozen=True)
class StarOutput:
    """Answers about N stars.

    Attributes:
        probabilities: (N, 5) of the classes M0..M4, from everything that is known of the star.
        by_modality: (N, 5) from one source alone, by its name (``spectrum``, ``image``, ``photometry``); the rows of
            stars that lack it are NaN.
        type_mean: (N,) continuous sub-type, 0 = M0.
        type_sd: (N,) its standard deviation.
        novelty: (N,) 0..1, how little the star looks like any M0..M4 star; from .5 on it is taken for none.
        embedding: (N, D), near for stars that the network holds for alike.
        weights: (N, 3) share of spectrum, image and photometry in the answer; NaN where the network has no such thing.
    """

    probabilities: Tensor
    by_modality: dict[str, Tensor]
    type_mean: Tensor
    type_sd: Tensor
    novelty: Tensor
    embedding: Tensor
    weights: Tensor
