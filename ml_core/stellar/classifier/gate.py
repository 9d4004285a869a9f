"""Spectrum, picture and catalogue into one answer: a mean weighted by precision, with weights that are learnt.

Each source gives a normal distribution over the type; its weight is ``exp(bias) / (deviation^2 + own^2)``, where the
own deviation is what a source errs by even when it is sure. The spectrum's deviation includes how far its members
disagree, so a star that they see differently leans on its colours. The weights begin nearly all at the spectrum and a
source may end with nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from ml_core.stellar.classifier.head import TypeEstimate
from ml_core.stellar.classifier.ordinal import TYPE_RANGE, class_probabilities

#: The sources in the order of all columns here.
SOURCES: Final = ("spectrum", "image", "photometry")
_FIRST_BIAS: Final = (0.0, -3.0, -3.0)
_FIRST_OWN: Final = (-2.0, -1.0, -1.5)


class Fused(NamedTuple):
    """The answer: ``probabilities`` (N, classes), type ``mean`` and ``deviation`` (N,), ``weights`` (N, sources)."""

    probabilities: Tensor
    mean: Tensor
    deviation: Tensor
    weights: Tensor


class Gate(nn.Module):
    """Seven numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.tensor(_FIRST_BIAS))
        self.log_own = nn.Parameter(torch.tensor(_FIRST_OWN))
        self.log_width = nn.Parameter(torch.zeros(()))

    def forward(
        self, spectrum: Sequence[TypeEstimate], image: TypeEstimate, photometry: TypeEstimate, present: Tensor
    ) -> Fused:
        """Fuse.

        Every member of the spectrum is fused with the other sources, and the class probabilities of these are
        averaged: with all weight on the spectrum the answer is that of its members.

        Args:
            spectrum: Members' estimates of N stars.
            image: Of the same stars; rows without a picture are not looked at.
            photometry: Likewise.
            present: (N, sources) which source a star has. A star with none gets a uniform answer.
        """
        means = torch.stack([member.mean.clamp(*TYPE_RANGE) for member in spectrum])
        deviations = torch.stack([member.deviation for member in spectrum])
        whole = mixture(spectrum)
        others = [TypeEstimate(source.mean.clamp(*TYPE_RANGE), source.deviation) for source in (image, photometry)]
        spread = torch.stack([whole.deviation, *(source.deviation for source in others)], 1)
        score = self.bias - torch.log(spread.square() + (2 * self.log_own).exp())
        weights = torch.softmax(score.masked_fill(~present, -1e4), 1) * present
        weights = torch.where(weights > 0, weights, 0.0)
        shift = sum(weights[:, column] * source.mean for column, source in enumerate(others, 1))
        variance = sum((weights[:, column] * source.deviation).square() for column, source in enumerate(others, 1))
        fused_mean = weights[:, 0] * means + shift
        fused_deviation = ((weights[:, 0] * deviations).square() + variance).sqrt() * self.log_width.exp()
        fused_deviation = fused_deviation.clamp(min=1e-3)
        members = [TypeEstimate(*pair) for pair in zip(fused_mean, fused_deviation, strict=True)]
        probabilities = torch.stack([class_probabilities(*member) for member in members]).mean(0)
        answer = mixture(members)
        nothing = ~present.any(1)
        uniform = torch.full_like(probabilities, 1.0 / probabilities.shape[1])
        low, high = TYPE_RANGE
        return Fused(
            torch.where(nothing.unsqueeze(1), uniform, probabilities),
            torch.where(nothing, (low + high) / 2, answer.mean),
            torch.where(nothing, (high - low) / 12**0.5, answer.deviation),
            weights,
        )


def mixture(members: Sequence[TypeEstimate]) -> TypeEstimate:
    """Mean and deviation of the average of distributions; each mean is kept within the range of types first."""
    means = torch.stack([member.mean.clamp(*TYPE_RANGE) for member in members])
    variances = torch.stack([member.deviation.square() for member in members])
    mean = means.mean(0)
    return TypeEstimate(mean, (variances.mean(0) + (means - mean).square().mean(0)).sqrt())
