"""Stars as the members take them: binned, cut to the middle, once per star and without any randomness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml_core.stellar.classifier.image_branch import SIDE
from ml_core.stellar.classifier.spectrum_input import BINS, BinnedSpectra, bin_spectra

_ROWS: Final = 512


class PreparedStars(NamedTuple):
    """A batch.

    Attributes:
        flux: (N, BINS), see `BinnedSpectra`.
        ivar: (N, BINS).
        image: (N, SIDE, SIDE, 3) of 0..255.
        photometry: (N, 5) magnitudes u, g, r, i, z.
        has_spectrum: (N,) whether there is a spectrum that says anything.
        has_image: (N,).
    """

    flux: Tensor
    ivar: Tensor
    image: Tensor
    photometry: Tensor
    has_spectrum: Tensor
    has_image: Tensor

    @property
    def spectra(self) -> BinnedSpectra:
        """The spectra alone."""
        return BinnedSpectra(self.flux, self.ivar, self.has_spectrum)

    def rows(self, index: Tensor) -> PreparedStars:
        """Some of the stars."""
        return PreparedStars(*(values[index] for values in self))


def prepare(
    flux: Tensor, ivar: Tensor, image: Tensor, photometry: Tensor, has_spectrum: Tensor, has_image: Tensor
) -> PreparedStars:
    """From the arrays of a survey; see `StarClassifier.forward` for the arguments."""
    seen = has_spectrum.bool()
    spectra = bin_spectra(flux.float(), torch.where(seen.unsqueeze(1), ivar, 0.0).float())
    top, left = (image.shape[1] - SIDE) // 2, (image.shape[2] - SIDE) // 2
    cut = image[:, top : top + SIDE, left : left + SIDE]
    return PreparedStars(spectra.flux, spectra.ivar, cut, photometry, spectra.usable & seen, has_image.bool())


def from_mapping(batch: Mapping[str, Tensor]) -> PreparedStars:
    """A batch of the training: what `prepare` takes by name, or what it gave by name."""
    if batch["flux"].shape[1] == BINS:
        return PreparedStars(*(batch[name] for name in PreparedStars._fields))
    return prepare(*(batch[name] for name in PreparedStars._fields))


def prepare_arrays(arrays: Mapping[str, NDArray[Any]]) -> Iterator[tuple[PreparedStars, Tensor]]:
    """Blocks of stars and their labels from the arrays of a survey, which may be mapped files."""
    names = {"photometry": "magnitudes"}
    for start in range(0, len(arrays["label"]), _ROWS):
        part = [
            torch.from_numpy(np.array(arrays[names.get(field, field)][start : start + _ROWS]))
            for field in PreparedStars._fields
        ]
        yield prepare(*part), torch.from_numpy(np.array(arrays["label"][start : start + _ROWS]))


def gather(arrays: Mapping[str, NDArray[Any]]) -> tuple[PreparedStars, Tensor]:
    """All stars of a survey's arrays, prepared, and their labels."""
    blocks = list(prepare_arrays(arrays))
    stars = PreparedStars(*(torch.cat(values) for values in zip(*(block for block, _ in blocks), strict=True)))
    return stars, torch.cat([labels for _, labels in blocks])
