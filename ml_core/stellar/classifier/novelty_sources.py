"""Novelty of a star from the best of what is known of it."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from ml_core.stellar.classifier.components import Coefficients
from ml_core.stellar.classifier.gravity import Gravity
from ml_core.stellar.classifier.novelty import ClassGaussians, MisfitLimit, to_novelty, unknown_where
from ml_core.stellar.classifier.spectrum_input import BinnedSpectra, median_sn

_COLOURS: Final = 3
#: Deviations from the dwarfs beyond which a star is taken for a giant.
_GIANT: Final = 3.5


class NoveltyOfStars(nn.Module):
    """Limits for spectra, colours and pictures.

    Args:
        components: Of the front end.
        features: Numbers measured on a picture.
    """

    def __init__(self, components: int, features: int) -> None:
        super().__init__()
        self.spectrum = ClassGaussians(components)
        self.misfit = MisfitLimit()
        self.gravity = Gravity()
        self.photometry = ClassGaussians(_COLOURS)
        self.image = ClassGaussians(features)

    def fit_spectrum(self, spectra: BinnedSpectra, coefficients: Coefficients, labels: Tensor) -> None:
        """From training stars and noisier copies of them."""
        self.spectrum.fit(coefficients.mean, labels, coefficients.covariance)
        self.misfit.fit(coefficients.gross_misfit)
        self.gravity.fit(spectra, median_sn(spectra))

    def fit_others(self, photometry: Tensor, measured: Tensor, present: Tensor, labels: Tensor) -> None:
        """From training stars, where they have them."""
        rows = present[:, 2]
        values, covariance = _colours(photometry[rows])
        self.photometry.fit(values, labels[rows], covariance)
        rows = present[:, 1]
        self.image.fit(measured[rows], labels[rows], unknown_where(torch.zeros_like(measured[rows])))

    def forward(
        self, spectra: BinnedSpectra, coefficients: Coefficients, photometry: Tensor, measured: Tensor,
        present: Tensor,
    ) -> Tensor:  # fmt: skip
        """(N,) from 0 to 1. The spectrum decides where there is one, then the colours, then the picture; a star of
        which nothing is known is taken for none."""
        place = self.spectrum.excess(coefficients.mean, coefficients.covariance)
        spectrum = torch.maximum(place, self.misfit.excess(coefficients.gross_misfit))
        spectrum = torch.maximum(spectrum, self.gravity(spectra) / _GIANT)
        values, covariance = _colours(photometry)
        colours = self.photometry.excess(values, covariance)
        image = self.image.excess(measured, unknown_where(torch.zeros_like(measured)))
        excess = torch.where(present[:, 2], colours, torch.where(present[:, 1], image, torch.inf))
        return to_novelty(torch.where(present[:, 0], spectrum, excess))


def _colours(photometry: Tensor) -> tuple[Tensor, Tensor]:
    """g - r, r - i, i - z (N, 3), and the covariance that says which of them are not known."""
    colours = photometry[:, 1:4] - photometry[:, 2:5]
    missing = ~torch.isfinite(colours)
    return torch.where(missing, 0.0, colours).float(), unknown_where(missing)
