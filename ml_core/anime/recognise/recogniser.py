"""The recogniser of characters: descriptions, a metric and prototypes, and beside them a network where there is one.

Prototypes decide among all characters, so that one can be added or removed by itself. The network moves probability
only among those that it was trained on, with the weight that images held out say it deserves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.anime.describe.by_network import NetworkDescriber
from ml_core.anime.describe.describer import Describer
from ml_core.anime.recognise.calibration import best_temperature, log_softmax
from ml_core.anime.recognise.metric import Metric
from ml_core.anime.recognise.prototypes import few_picture_factors, prototypes, similarities

Floats = NDArray[np.float64]

_SHARES: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
NETWORK_SHARE: Final = 0.3  # where nothing tells how far the network is to be trusted


@dataclass(frozen=True)
class Calibration:
    """Numbers that were found on pictures which took no part in learning.

    Attributes:
        prototype_temperature: Divides similarities to prototypes.
        network_temperature: Divides the network's logits.
        temperature: Divides the logarithms of the joined probabilities.
        kinship: Mean product of two pictures of one character.
        familiar: Best similarity below which a picture counts as unknown.
        network_share: Weight of the network among the characters that it knows.
    """

    prototype_temperature: float
    network_temperature: float
    temperature: float
    kinship: float
    familiar: float
    network_share: float = NETWORK_SHARE


@dataclass(frozen=True)
class Answer:
    """What a recogniser says about N pictures.

    Attributes:
        probabilities: (N, C), over the known characters.
        familiarity: (N,) similarity to the best prototype; less is stranger.
        is_unknown: (N,) whether it lies below the threshold.
        vectors: (N, R) float32 unit vectors in the metric, for the search of nearest pictures.
    """

    probabilities: Floats
    familiarity: Floats
    is_unknown: NDArray[np.bool_]
    vectors: Tensor


@dataclass
class Exemplars:
    """Pictures that a recogniser knows.

    Attributes:
        vectors: (M, R) unit vectors.
        labels: (M,) positions of characters.
        names: Where each picture came from.
    """

    vectors: Tensor
    labels: Tensor
    names: list[str] = field(default_factory=list)


@dataclass
class Recogniser:
    """See the module's text. ``network_classes`` of the ``characters``, the first ones, are known to the network."""

    characters: list[str]
    describer: Describer | NetworkDescriber
    metric: Metric
    exemplars: Exemplars
    calibration: Calibration
    network: CharacterNetwork | None = None
    network_classes: list[str] = field(default_factory=list)
    _directions: Tensor | None = field(default=None, init=False, repr=False)

    def vectors(self, pixels: Tensor, progress: Callable[[int, int], None] | None = None) -> Tensor:
        """(N, 3, S, S) uint8 to (N, R) unit vectors in the metric."""
        return self.metric(self.describer.describe(pixels, progress))

    def answer(self, pixels: Tensor, vectors: Tensor | None = None) -> Answer:
        """Recognise (N, 3, S, S) uint8 pictures; ``vectors`` saves describing them again."""
        logits = None
        if vectors is None and isinstance(self.describer, NetworkDescriber):
            logits, descriptions = self.describer.look(pixels)
            vectors = self.metric(descriptions)
        elif vectors is None:
            vectors = self.vectors(pixels)
        scores = self.similarities(vectors)
        logs = log_softmax(scores / self.calibration.prototype_temperature)
        if self.network is not None and self.calibration.network_share > 0:
            logits = self.network.logits(pixels) if logits is None else logits
            heard = log_softmax(logits.double().numpy() / self.calibration.network_temperature)
            places = [self.characters.index(name) for name in self.network_classes if name in self.characters]
            columns = [number for number, name in enumerate(self.network_classes) if name in self.characters]
            logs = hear_network(logs, heard[:, columns], places, self.calibration.network_share)
        best = scores.max(axis=1)
        probabilities = np.exp(log_softmax(logs / self.calibration.temperature))
        return Answer(probabilities, best, best < self.calibration.familiar, vectors)

    def similarities(self, vectors: Tensor) -> Floats:
        """(N, C) float64: cosines to the prototypes, corrected for characters with few pictures."""
        if self._directions is None:
            self._directions = prototypes(self.exemplars.vectors, self.exemplars.labels, len(self.characters))
        counts = torch.bincount(self.exemplars.labels, minlength=len(self.characters))
        factors = few_picture_factors(counts, self.calibration.kinship)
        return similarities(vectors, self._directions, factors).double().numpy()


def hear_network(logs: Floats, network: Floats, places: list[int], share: float = NETWORK_SHARE) -> Floats:
    """Let a network move probability among the characters that it knows.

    Args:
        logs: (N, C) logarithms of probabilities from the prototypes.
        network: (N, K) those of the network.
        places: Columns of ``logs`` for the columns of ``network``.
        share: Weight of the network, 0 to 1.
    """
    if len(places) < 2:
        return logs
    own = logs[:, places]
    mass = own.max(axis=1, keepdims=True)
    mass = mass + np.log(np.exp(own - mass).sum(axis=1, keepdims=True))
    joined = logs.copy()
    mixed = (1 - share) * (own - mass) + share * log_softmax(network)
    joined[:, places] = mass + log_softmax(mixed)
    return joined


def best_share(own: Floats, network: Floats, labels: NDArray[np.int64]) -> tuple[float, float]:
    """Weight of the network and temperature of the joined answer that make the labels most probable.

    A network that knows less than the prototypes gets little weight: few pictures decide, so only steps of a tenth up
    to a half are tried.

    Args:
        own: (N, C) logarithms of probabilities from the prototypes.
        network: (N, C) those of the network.
        labels: (N,) of images that took no part in learning.
    """
    if not len(labels):
        return NETWORK_SHARE, 1.0
    rows, everyone = np.arange(len(labels)), list(range(own.shape[1]))
    found = []
    for share in _SHARES:
        joined = hear_network(own, network, everyone, share)
        temperature = best_temperature(joined, labels)
        loss = float(-log_softmax(joined / temperature)[rows, labels].mean())
        found.append((loss, share, temperature))
    _, share, temperature = min(found)
    return share, temperature
