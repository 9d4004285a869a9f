"""Joins what an image and a text say about each character, in the knowledge that the text may be about somebody else.

Either the text is about the character of the image, or (with probability w) it has nothing to do with it. With
p the image's probabilities and r(c) = p_text(c) / p_text(nobody in particular) the text's evidence,

    P(c) ∝ p(c)^a · ((1 - w) · r(c)^b + w)

A text that agrees with the image makes it surer; one that contradicts a sure image is not believed; without a text r is
1 everywhere and the image's answer stays as it is. a, b and w are found on images and texts that were left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]

_PULL: Final = 1e-3  # towards a = b = 1, which calibrated evidence would have
_ROUNDS: Final = 60


@dataclass(frozen=True)
class Pooling:
    """See the module's text.

    Attributes:
        image_power: a.
        text_power: b.
        doubt: Logit of w for a text that is sure of its character.
        vague_doubt: What is added to the logit for a text that says nothing.
    """

    image_power: float = 1.0
    text_power: float = 1.0
    doubt: float = -1.0
    vague_doubt: float = 0.0

    def joined(self, image: Floats, text: Floats) -> tuple[Floats, Floats]:
        """Join evidence.

        Args:
            image: (N, C) logarithms of probabilities.
            text: (N, C) logarithms of evidence ratios r; zero for characters nobody wrote about.

        Returns:
            (N, C) probabilities, and (N,) how probable it is that the text is about the image's character.
        """
        values = torch.tensor([self.image_power, self.text_power, self.doubt, self.vague_doubt], dtype=torch.float64)
        logits, about = _join(torch.from_numpy(image), torch.from_numpy(text), values)
        says_something = np.abs(text).max(axis=1) > 0
        joined = np.where(says_something[:, None], logits.softmax(1).numpy(), np.exp(image))
        return joined, about.numpy()


def fit_pooling(image: Floats, text: Floats, labels: NDArray[np.int64]) -> Pooling:
    """The numbers that make the labels most probable.

    Args:
        image: (N, C) logarithms of probabilities about images that were left out.
        text: (N, C) logarithms of evidence ratios of texts, of which some are about others.
        labels: (N,) characters of the images.
    """
    if not len(labels):
        return Pooling()
    images, texts, truth = torch.from_numpy(image), torch.from_numpy(text), torch.from_numpy(labels)
    usual = torch.tensor(list(vars(Pooling()).values()), dtype=torch.float64)
    values = usual.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([values], max_iter=_ROUNDS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        logits, _ = _join(images, texts, values)
        found: Tensor = torch.nn.functional.cross_entropy(logits, truth) + _PULL * ((values - usual) ** 2).sum()
        found.backward()  # type: ignore[no-untyped-call]
        return found

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return Pooling(*(float(value) for value in values.detach()))


def shares_of(evidence: Floats) -> Floats:
    """(N, C) logarithms of evidence to probabilities, where nobody is more likely than others beforehand."""
    weights = np.exp(evidence - evidence.max(axis=1, keepdims=True))
    shares: Floats = weights / weights.sum(axis=1, keepdims=True)
    return shares


def _join(image: Tensor, text: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (N, C), and (N,) the probability that the text is about the character."""
    image_power, text_power, doubt, vague_doubt = values
    about_nobody = (doubt + vague_doubt * _vagueness(text))[:, None]  # logit of w
    log_w, log_not_w = torch.nn.functional.logsigmoid(about_nobody), torch.nn.functional.logsigmoid(-about_nobody)
    seen = image_power * image
    told = seen + log_not_w + text_power * text
    untold = seen + log_w
    logits = torch.logaddexp(told, untold)
    return logits, (told.logsumexp(1) - logits.logsumexp(1)).exp()


def _vagueness(text: Tensor) -> Tensor:
    """(N,) entropy of the texts' answers, 0 (sure) to 1 (says nothing)."""
    if text.shape[1] < 2:
        return torch.ones(len(text), dtype=text.dtype)
    logs = text.log_softmax(1)
    entropy = -(logs.exp() * logs).sum(1)
    return entropy / torch.log(torch.tensor(float(text.shape[1]), dtype=text.dtype))
