"""The catalogue's magnitudes g, r, i, z as a cue of their own. u is never read.

Colours are the cue that differs least between families of stars: r - i moves by .12 to .17 of a sub-type with
metallicity where band depths move by half of one. Each set of bands that a star may have gets its own quadratic form,
so that a missing magnitude is a normal input and nothing is filled in. u is left out because it says little about cool
stars at their usual brightness and because catalogues made for tests tend to draw it from the class itself.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from ml_core.stellar.classifier.head import TypeEstimate

#: Columns of g, r, i, z among u, g, r, i, z.
_COLUMNS: Final = slice(1, 5)
_BANDS: Final = 4
_PATTERNS: Final = 2**_BANDS
_PLAUSIBLE: Final = (5.0, 28.0)
#: No cool dwarf has neighbouring bands further apart than this; such a pair holds a wrong magnitude.
_WIDEST_STEP: Final = 3.0
_TYPICAL: Final = 19.0


class PhotometryHead(nn.Module):
    """Mean type from a quadratic form of the colours, its deviation from colours and brightness."""

    centre: Tensor
    scale: Tensor

    def __init__(self, hidden: int = 16) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(_BANDS))
        self.register_buffer("scale", torch.ones(_BANDS))
        self.weights = nn.Parameter(torch.zeros(_PATTERNS, 2 * _BANDS))
        self.bias = nn.Parameter(torch.zeros(_PATTERNS))
        self.deviation = nn.Sequential(nn.Linear(2 * _BANDS + 1, hidden), nn.GELU(), nn.Linear(hidden, 1))

    @torch.no_grad()
    def standardise(self, photometry: Tensor) -> None:
        """Take centre and scale of the colours from training stars (N, 5); a survey without colours leaves them."""
        present, colours, _ = _measured(photometry)
        whole = present.all(1)
        if int(whole.sum()) > 1:
            self.centre.copy_(colours[whole].mean(0))
            self.scale.copy_(colours[whole].std(0, correction=0).clamp(min=1e-3))

    @staticmethod
    def usable(photometry: Tensor) -> Tensor:
        """(N,) whether at least one colour can be made."""
        present, _, _ = _measured(photometry)
        return present.sum(1) >= 2

    def forward(self, photometry: Tensor) -> TypeEstimate:
        """(N, 5) magnitudes u, g, r, i, z, NaN where missing; rows without a colour get a wide distribution."""
        present, colours, brightness = _measured(photometry)
        values = torch.where(present, (colours - self.centre) / self.scale, 0.0).clamp(-6.0, 6.0)
        pattern = (present.long() * torch.tensor([1, 2, 4, 8], device=present.device)).sum(1)
        terms = torch.cat([values, values.square()], 1)
        mean = (self.weights[pattern] * terms).sum(1) + self.bias[pattern] + 2.0
        about = torch.cat([values, present.float(), brightness.unsqueeze(1)], 1)
        deviation = (self.deviation(about).squeeze(1) - 0.5).clamp(-3.0, 2.0).exp()
        return TypeEstimate(mean, deviation)


def drop_bands(photometry: Tensor, share: float, generator: torch.Generator | None) -> Tensor:
    """Lose each magnitude with a probability, so that every set of bands is learnt."""
    lost = torch.rand(photometry.shape, generator=generator, device=photometry.device) < share
    return torch.where(lost, torch.nan, photometry)


def _measured(photometry: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Which bands can be used (N, 4), their magnitudes below the star's mean (N, 4), and its brightness (N,)."""
    magnitudes = photometry[:, _COLUMNS].float()
    low, high = _PLAUSIBLE
    present = torch.isfinite(magnitudes) & (magnitudes > low) & (magnitudes < high)
    filled = torch.where(present, magnitudes, torch.nan)
    middle = filled.nanmedian(1, keepdim=True).values
    present = present & ((filled - middle).abs() < _WIDEST_STEP)
    count = present.sum(1).clamp(min=1)
    mean = torch.where(present, magnitudes, 0.0).sum(1) / count
    colours = torch.where(present, magnitudes - mean.unsqueeze(1), 0.0)
    brightness = torch.where(present.any(1), (mean - _TYPICAL) / 2, 0.0)
    return present, colours, brightness.clamp(-4.0, 4.0)
