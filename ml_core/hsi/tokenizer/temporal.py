"""Temporal convolutions along the band axis (Bai et al., "An Empirical Evaluation of ... TCN", 2018), not causal.

Spectra are first cut into short pieces, one position each. A convolution over the full band axis would cost a hundred
times more and every scene has a spectrum for each pixel.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

PIECE = 8  # bands that become one position


class ResidualBlock(nn.Module):
    """x + W2 gelu(W1 * x), W1 dilated: (N, C, L) to (N, C, L)."""

    def __init__(self, channels: int, kernel_size: int, dilation: int) -> None:
        super().__init__()
        self._reach = (kernel_size - 1) * dilation
        self.wide = nn.Conv1d(channels, channels, kernel_size, dilation=dilation)
        self.mix = nn.Conv1d(channels, channels, 1)
        self.mix.weight.data.mul_(0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Zero padding on both sides keeps the length."""
        padded = functional.pad(x, (self._reach // 2, self._reach - self._reach // 2))
        out: Tensor = x + self.mix(functional.gelu(self.wide(padded)))
        return out


def residual_stack(channels: int, layers: int, kernel_size: int) -> nn.Sequential:
    """Blocks with dilations 1, 2, 4, ..."""
    return nn.Sequential(*(ResidualBlock(channels, kernel_size, 2**layer) for layer in range(layers)))


class SpectrumEncoder(nn.Module):
    """(N, B) spectra to (N, D) latents."""

    def __init__(self, num_bands: int, hidden_dim: int, latent_dim: int, num_layers: int, kernel_size: int) -> None:
        super().__init__()
        positions = -(-num_bands // PIECE)
        self._padding = positions * PIECE - num_bands
        self.stem = nn.Conv1d(1, hidden_dim, PIECE, stride=PIECE)
        self.stack = residual_stack(hidden_dim, num_layers, kernel_size)
        self.head = nn.Linear(positions * hidden_dim, latent_dim)

    def forward(self, spectra: Tensor) -> Tensor:
        """Order along the bands is kept until the last layer."""
        x = functional.pad(spectra, (0, self._padding)).unsqueeze(1)
        latents: Tensor = self.head(functional.gelu(self.stack(self.stem(x))).flatten(1))
        return latents


class SpectrumDecoder(nn.Module):
    """(N, D) latents to (N, B) spectra."""

    def __init__(self, num_bands: int, hidden_dim: int, latent_dim: int, num_layers: int, kernel_size: int) -> None:
        super().__init__()
        self._bands = num_bands
        self._hidden = hidden_dim
        self.foot = nn.Linear(latent_dim, -(-num_bands // PIECE) * hidden_dim)
        self.stack = residual_stack(hidden_dim, num_layers, kernel_size)
        self.unstem = nn.Linear(hidden_dim, PIECE)

    def forward(self, latents: Tensor) -> Tensor:
        """Mirror of the encoder."""
        x = self.stack(self.foot(latents).unflatten(1, (self._hidden, -1)))
        spectra: Tensor = self.unstem(functional.gelu(x).transpose(1, 2)).flatten(1)
        return spectra[:, : self._bands]
