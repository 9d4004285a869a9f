"""A recogniser that reads: image, text, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ml_core.anime.fusion.pooling import Pooling, shares_of
from ml_core.anime.fusion.text.task import TextClassifier
from ml_core.anime.recognise.recogniser import Recogniser

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FusedAnswer:
    """What is said about N images with texts.

    Attributes:
        probabilities: (N, C), from both.
        image: (N, C), by the image alone.
        text: (N, C), by the text alone; even where it says nothing.
        trust: (N,) how probable it is that the text is about the image's character.
    """

    probabilities: Floats
    image: Floats
    text: Floats
    trust: Floats


@dataclass
class Fusion:
    """See the module's text.

    Attributes:
        recogniser: What sees; its characters are those of all answers.
        classifier: What reads.
        described: Characters that somebody wrote about, in the order of the classifier's answers.
        pooling: How far a text is believed.
    """

    recogniser: Recogniser
    classifier: TextClassifier
    described: list[str]
    pooling: Pooling

    def answer(self, pixels: Tensor, texts: Sequence[str]) -> FusedAnswer:
        """Recognise (N, 3, S, S) uint8 images, each with a text, which may be empty."""
        return self.heard(self.recogniser.answer(pixels).probabilities, texts)

    def heard(self, image: Floats, texts: Sequence[str]) -> FusedAnswer:
        """Add texts to what the recogniser says about images, (N, C)."""
        evidence = self.evidence(texts)
        joined, trust = self.pooling.joined(np.log(np.maximum(image, 1e-12)), evidence)
        joined = np.where(np.abs(evidence).max(axis=1, keepdims=True) > 0, joined, image)  # to the last bit
        return FusedAnswer(joined, image, shares_of(evidence), trust)

    def read(self, texts: Sequence[str]) -> Floats:
        """(N, C) probabilities by texts alone."""
        return shares_of(self.evidence(texts))

    def evidence(self, texts: Sequence[str]) -> Floats:
        """(N, C) logarithms of how much more probable a text makes each character; 0 for one nobody wrote about."""
        return in_columns(self.classifier.evidence(texts), self.described, self.recogniser.characters)


def in_columns(evidence: Floats, described: Sequence[str], characters: Sequence[str]) -> Floats:
    """(N, described) to (N, characters); nothing is said for or against those that nobody described."""
    found = np.zeros((len(evidence), len(characters)))
    for column, name in enumerate(described):
        if name in characters:
            found[:, characters.index(name)] = evidence[:, column]
    return found
