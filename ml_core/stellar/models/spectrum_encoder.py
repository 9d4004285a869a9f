"""One-dimensional convolutions over a spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn

from ml_core.stellar.spectra.resample import GRID, POINTS

CHANNELS: Final = 2
TOKENS: Final = 32
_REFERENCE: Final = (6500.0, 8500.0)
_FLUX_LIMIT: Final = 8.0
_GROUPS: Final = 8
_KERNELS: Final = ((15, 4), (7, 3), (5, 2), (5, 2))


def spectrum_input(flux: Tensor, ivar: Tensor) -> Tensor:
    """What the encoder looks at: the shape of the flux, and how well each point is measured.

    The flux is divided by its median from 6500 to 8500 A (of the whole grid where nothing was measured there), so its
    shape stays. The second channel is ``log(1 + S/N of the point)`` for a flux of that level. Points without
    measurement are 0 in both.

    Args:
        flux: (N, 3522) in any unit.
        ivar: (N, 3522), 0 = not measured.

    Returns:
        (N, 2, 3522) float32.
    """
    measured = torch.isfinite(flux) & torch.isfinite(ivar) & (ivar > 0)
    values = torch.where(measured, flux.float(), torch.nan)
    inside = _reference_points(flux.device)
    level = values[:, inside].nanmedian(1, keepdim=True).values
    level = torch.where(level > 0, level, values.nanmedian(1, keepdim=True).values)
    usable = measured & (level > 0)
    level = torch.where(level > 0, level, 1.0)
    shape = torch.where(usable, flux.float() / level, 0.0).clamp(-_FLUX_LIMIT, _FLUX_LIMIT)
    quality = torch.where(usable, torch.log1p(ivar.float().clamp(min=0).sqrt() * level), 0.0)
    return torch.stack([shape, quality], 1)


class SpectrumEncoder(nn.Module):
    """Convolutions with strides, each followed by a normalisation and a GELU; then a fixed number of tokens.

    Args:
        d_model: Length of a token.
        channels: Of the layers before the last.
        tokens: Length of the sequence.
    """

    def __init__(self, d_model: int, channels: Sequence[int] = (32, 64, 128), tokens: int = TOKENS) -> None:
        super().__init__()
        widths = [CHANNELS, *channels, d_model]
        layers: list[nn.Module] = []
        for (before, after), (kernel, stride) in zip(pairwise(widths), _KERNELS, strict=True):
            layers += [
                nn.Conv1d(before, after, kernel, stride, padding=kernel // 2, bias=False),
                nn.GroupNorm(_GROUPS, after),
                nn.GELU(),
            ]
        self.convolutions = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool1d(tokens)
        self.tokens = tokens

    def forward(self, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        """Global and sequence features.

        Args:
            spectrum: (N, 2, 3522), as `spectrum_input` makes it.

        Returns:
            (N, d_model) and (N, tokens, d_model).
        """
        found = self.convolutions(spectrum)
        sequence: Tensor = self.pool(found).transpose(1, 2)
        return found.mean(2), sequence


def _reference_points(device: torch.device) -> Tensor:
    assert len(GRID) == POINTS
    grid = torch.from_numpy(GRID)
    return ((grid > _REFERENCE[0]) & (grid < _REFERENCE[1])).to(device)
