"""A trained network becomes a recogniser: descriptions in a metric of their own, prototypes, and calibration.

So a student is used like its teacher: it says who is nobody known, and characters can be added to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml_core.anime.classifier.data import PictureData
from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.anime.describe.by_network import NetworkDescriber
from ml_core.anime.describe.describer import Describer
from ml_core.anime.recognise.calibration import best_temperature, log_softmax
from ml_core.anime.recognise.fitting import STRANGE_SHARE, mean_kinship
from ml_core.anime.recognise.metric import fit_metric
from ml_core.anime.recognise.prototypes import few_picture_factors, prototypes, similarities
from ml_core.anime.recognise.recogniser import Calibration, Exemplars, Recogniser, best_share

_VIEWS: Final = 6  # of each image that the metric learns from, beside the image itself


@dataclass(frozen=True)
class Learnt:
    """What both students learnt from, and what was kept from them.

    Attributes:
        images: The images, with views.
        pixels: (M, 3, S, S) uint8, images held out whose label is in no doubt.
        labels: (M,) int64 of these.
        names: Of these.
    """

    images: PictureData
    pixels: Tensor
    labels: Tensor
    names: list[str]


def as_recogniser(
    describer: Describer | NetworkDescriber, network: CharacterNetwork, characters: list[str], learnt: Learnt
) -> Recogniser:
    """Fit metric and prototypes to what the network learnt from, and calibrate on the images held out.

    Args:
        describer: Describes images: the network itself, or what a student has from its teacher.
        network: What was trained.
        characters: Whom it knows.
        learnt: See there.
    """
    known = learnt.images.labels
    plain = describer.describe(learnt.images.pixels)
    seen = torch.cat([plain, *(_described(describer, learnt.images, view) for view in range(_VIEWS))])
    metric = fit_metric(seen, known.repeat(1 + _VIEWS))
    vectors = metric(plain)
    held, logits = metric(describer.describe(learnt.pixels)), network.logits(learnt.pixels)
    kinship = mean_kinship(vectors, known, held, learnt.labels)
    factors = few_picture_factors(torch.bincount(known, minlength=len(characters)), kinship)
    directions = prototypes(vectors, known, len(characters))
    scores = similarities(held, directions, factors).double().numpy()
    calibration = _calibrate(scores, logits.double().numpy(), learnt.labels.numpy(), kinship)
    names = [learnt.images.item_name(row) for row in range(len(learnt.images))]
    exemplars = Exemplars(vectors, known, names)
    return Recogniser(list(characters), describer, metric, exemplars, calibration, network, list(characters))


def knowing_all(student: Recogniser, learnt: Learnt) -> Recogniser:
    """Put the images held out among the examples, when nothing is to be judged by them any more."""
    own = student.exemplars
    vectors = torch.cat([own.vectors, student.vectors(learnt.pixels)])
    return replace(
        student, exemplars=Exemplars(vectors, torch.cat([own.labels, learnt.labels]), own.names + learnt.names)
    )


def _described(describer: Describer | NetworkDescriber, images: PictureData, view: int) -> Tensor:
    views, _, _ = images.batch(range(len(images)), view)
    return describer.describe((views * 255).round().to(torch.uint8).contiguous())


def _calibrate(
    scores: NDArray[np.float64], logits: NDArray[np.float64], labels: NDArray[np.int64], kinship: float
) -> Calibration:
    temperature, network_temperature = best_temperature(scores, labels), best_temperature(logits, labels)
    heard = log_softmax(logits / network_temperature)
    share, joined = best_share(log_softmax(scores / temperature), heard, labels)
    familiar = float(np.quantile(scores.max(axis=1), STRANGE_SHARE)) if len(scores) else -1.0
    return Calibration(temperature, network_temperature, joined, kinship, familiar, share)
