"""Whether a spectrum looks like any that a network was trained on: networks themselves are sure about everything.

The same components and limits as those of the recommended classifier, beside a network that has none of its own. A
picture alone says too little about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ml_core.stellar.classifier.augment import renoise
from ml_core.stellar.classifier.components import WeightedComponents
from ml_core.stellar.classifier.novelty_sources import NoveltyOfStars
from ml_core.stellar.classifier.prepared import gather
from ml_core.stellar.classifier.spectrum_input import BinnedSpectra, bin_spectra
from ml_core.stellar.spectra.spectrum import BANDS

_COMPONENTS: Final = 12
_COPIES: Final = 3
_SEED: Final = 20
_FEWEST: Final = 20


class SpectrumNovelty(nn.Module):
    """Novelty of spectra; 0 for all until it is fitted."""

    is_fitted: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.components = WeightedComponents(_COMPONENTS)
        self.limits = NoveltyOfStars(_COMPONENTS, 1)
        self.register_buffer("is_fitted", torch.zeros((), dtype=torch.bool))

    @torch.no_grad()
    def fit(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take components and limits from training stars and noisier copies of them; too few leave it unfitted.

        Args:
            arrays: As `Survey.arrays` gives them.
        """
        stars, labels = gather(arrays)
        seen = stars.has_spectrum
        clean = stars.spectra.rows(seen)
        if len(clean.flux) < _FEWEST:
            return
        self.components.fit(clean)
        generator = torch.Generator().manual_seed(_SEED)
        copies = [clean, *(renoise(clean, generator) for _ in range(_COPIES))]
        noisy = BinnedSpectra(*(torch.cat(values) for values in zip(*copies, strict=True)))
        self.limits.fit_spectrum(noisy, self.components(noisy), labels[seen].repeat(len(copies)))
        self.is_fitted.fill_(True)

    def forward(self, flux: Tensor, ivar: Tensor) -> Tensor:
        """(N, 3522) twice to the novelty (N,), from 0 to 1."""
        with torch.autocast(flux.device.type, enabled=False):  # small systems of equations need all digits
            spectra = bin_spectra(flux.float(), ivar.float())
            unknown = flux.new_full((len(flux), len(BANDS)), torch.nan, dtype=torch.float32)
            present = torch.stack([spectra.usable, *[torch.zeros_like(spectra.usable)] * 2], 1)
            novelty: Tensor = self.limits(
                spectra, self.components(spectra), unknown, torch.zeros_like(unknown[:, :1]), present
            )
        return torch.where(self.is_fitted & spectra.usable, novelty, 0.0)
