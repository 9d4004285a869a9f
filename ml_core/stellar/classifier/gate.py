"""Spectrum, picture and catalogue into one answer, by a product of their probabilities.

Each source gives class probabilities of a normal distribution over the type, so the product of their powers is a mean
weighted by precision: a sure source counts for more than an unsure one, and the powers say how far each is believed at
all. The powers begin nearly all at the spectrum; what the picture and the colours get beyond a little is taken from
stars that were not trained on. A spectrum that looks unlike those of the training is believed less, the colours more:
they are the cue that differs least between families of stars (see `photometry`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from ml_core.stellar.classifier.head import TypeEstimate
from ml_core.stellar.classifier.ordinal import TYPE_RANGE

#: The sources in the order of all columns here.
SOURCES: Final = ("spectrum", "image", "photometry")
_FIRST_SHARES: Final = (0.05, 0.1)
#: Shares beside a familiar spectrum that are tried. Never less than the first: validation stars are few and like those
#: of the training, and cannot tell what faint stars and stars of another kind need (+.002 to +.007 of macro-F1 on
#: those, nothing lost on the others).
_IMAGE_SHARES: Final = (0.05, 0.1)
_PHOTOMETRY_SHARES: Final = (0.1, 0.15, 0.2, 0.3)
#: What shares begin with where the spectrum looks strange, or is missing: .4 of the colours, a little of the picture.
_STRANGE_SHARES: Final = (0.05, 0.4)
#: A gain of less than this in the mean log likelihood is chance.
_CHANCE: Final = 0.002
#: Share of the plain members in the answer of a spectrum that looks familiar.
_PLAIN_SHARE: Final = 0.6
#: Averages of unlike members are less sure than they are right on familiar spectra, and just right on others: the
#: calibration error falls from .055 to .035 there.
_SHARPENING: Final = 0.15
#: Keeps a source that excludes a class from excluding it for all.
_LEAST: Final = 1e-3


class SpectrumAnswer(NamedTuple):
    """What the members say together: ``probabilities`` (N, classes) and the mixture's ``estimate``."""

    probabilities: Tensor
    estimate: TypeEstimate


class Fused(NamedTuple):
    """The answer: ``probabilities`` (N, classes), type ``mean`` and ``deviation`` (N,), ``weights`` (N, sources)."""

    probabilities: Tensor
    mean: Tensor
    deviation: Tensor
    weights: Tensor


class Gate(nn.Module):
    """How far the picture and the colours are believed beside a spectrum."""

    shares: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("shares", torch.tensor(_FIRST_SHARES))

    def forward(
        self, spectrum: SpectrumAnswer, image: TypeEstimate, photometry: TypeEstimate, present: Tensor, familiar: Tensor
    ) -> Fused:
        """Fuse.

        Args:
            spectrum: Of N stars; rows without a spectrum are not looked at, and so for the others.
            image: Of the same stars.
            photometry: Likewise.
            present: (N, sources) which source a star has. A star with none gets a uniform answer.
            familiar: (N,) from 1, a spectrum like those of the training, to 0.
        """
        weights = self._weights(present, familiar)
        found = torch.stack([spectrum.probabilities, image.probabilities(), photometry.probabilities()], 1)
        power = 1 + _SHARPENING * torch.where(present[:, 0], familiar, 0.0).unsqueeze(1)
        pooled = torch.softmax(power * (weights.unsqueeze(2) * (found + _LEAST).log()).sum(1), 1)
        estimates = (spectrum.estimate, image, photometry)
        means = torch.stack([estimate.mean.clamp(*TYPE_RANGE) for estimate in estimates], 1)
        precision = weights / torch.stack([estimate.deviation for estimate in estimates], 1).square()
        total = precision.sum(1).clamp(min=1e-9)
        nothing = ~present.any(1)
        low, high = TYPE_RANGE
        return Fused(
            pooled,
            torch.where(nothing, (low + high) / 2, (precision * means).sum(1) / total),
            torch.where(nothing, (high - low) / 12**0.5, total.rsqrt()),
            weights,
        )

    @torch.no_grad()
    def calibrate(
        self, spectrum: SpectrumAnswer, image: TypeEstimate, photometry: TypeEstimate, present: Tensor,
        familiar: Tensor, labels: Tensor,
    ) -> None:  # fmt: skip
        """Choose the shares under which the classes of stars that were not trained on are most likely.

        Args:
            spectrum: See `forward`, and so for the others.
            labels: (N,) of the classes.
        """
        best, reached = self.shares.clone(), -torch.inf
        for image_share in _IMAGE_SHARES:
            for photometry_share in _PHOTOMETRY_SHARES:
                self.shares.copy_(torch.tensor((image_share, photometry_share)))
                fused = self(spectrum, image, photometry, present, familiar).probabilities
                likelihood = float((fused.gather(1, labels.unsqueeze(1)) + _LEAST).log().mean())
                if likelihood > reached + _CHANCE:
                    best, reached = self.shares.clone(), likelihood
        self.shares.copy_(best)

    def _weights(self, present: Tensor, familiar: Tensor) -> Tensor:
        """(N, sources), 1 in sum; what a star lacks leaves its share to the others."""
        strange = torch.tensor(_STRANGE_SHARES).to(self.shares).maximum(self.shares)
        trust = torch.where(present[:, 0], familiar, 0.0).unsqueeze(1)
        others = trust * self.shares + (1 - trust) * strange
        shares = torch.cat([1 - others.sum(1, keepdim=True), others], 1) * present
        return shares / shares.sum(1, keepdim=True).clamp(min=1e-9)


def answer_of_members(members: Sequence[TypeEstimate], plain: Sequence[bool], familiar: Tensor) -> SpectrumAnswer:
    """Average the members of a spectrum.

    Plain members are the best on spectra like those of the training and mislead on others; they count for as much as
    the spectrum is familiar.

    Args:
        members: Of N stars each.
        plain: Which members were trained on unchanged spectra.
        familiar: (N,), see `Gate.forward`.
    """
    count = sum(plain)
    share = _PLAIN_SHARE * familiar if 0 < count < len(plain) else torch.full_like(familiar, float(count > 0))
    weights = torch.stack([share / count if one else (1 - share) / (len(plain) - count) for one in plain], 1)
    probabilities = torch.stack([member.probabilities() for member in members], 1)
    means = torch.stack([member.mean.clamp(*TYPE_RANGE) for member in members], 1)
    variances = torch.stack([member.deviation.square() for member in members], 1)
    mean = (weights * means).sum(1)
    variance = (weights * (variances + (means - mean.unsqueeze(1)).square())).sum(1)
    return SpectrumAnswer((weights.unsqueeze(2) * probabilities).sum(1), TypeEstimate(mean, variance.sqrt()))
