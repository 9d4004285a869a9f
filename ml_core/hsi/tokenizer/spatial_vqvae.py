"""The spatial branch of Stage 1: what lies around a place, as one of K_x codes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Literal

from torch import Tensor, nn
from torch.nn import functional

from ml_core.hsi.tokenizer.codebook import Codebook


class SpatialCNNVQVAE(nn.Module):
    """VQ-VAE of image patches.

    Args:
        num_bands: Bands of a patch, B.
        hidden_dim: Channels that a 1x1 convolution squeezes the bands into.
        codebook_size: Number of codes, K_x.
        encoder_channels: Channels of the 3x3 convolutions.
        commitment_beta: Weight of the pull of latents to their codes.
        latent_dim: Length of a code, D_x.
        tokens: ``grid`` halves the resolution after each convolution, as a small CNN does. ``pixel`` gives each pixel
            a token of its neighbourhood, ``2 * halo + 1`` wide, and learns to draw that neighbourhood.
    """

    def __init__(
        self,
        num_bands: int,
        hidden_dim: int,
        codebook_size: int,
        encoder_channels: Sequence[int],
        commitment_beta: float,
        *,
        latent_dim: int = 16,
        tokens: Literal["grid", "pixel"] = "grid",
    ) -> None:
        super().__init__()
        channels = [hidden_dim, *encoder_channels]
        self.num_bands, self.latent_dim = num_bands, latent_dim
        self.commitment_beta = commitment_beta
        self.tokens = tokens
        self.halo = len(encoder_channels) if tokens == "pixel" else 0
        self.shrink = 1 if tokens == "pixel" else 2 ** len(encoder_channels)
        self.squeeze = nn.Conv2d(num_bands, hidden_dim, 1)
        padding = 0 if tokens == "pixel" else 1
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=padding) for before, after in itertools.pairwise(channels)
        )
        self.head = nn.Conv2d(channels[-1], latent_dim, 1)
        self.codebook = Codebook(codebook_size, latent_dim)
        self.foot = nn.Conv2d(latent_dim, channels[-1], 1)
        grow = nn.ConvTranspose2d if tokens == "pixel" else _Enlarge
        self.deconvolutions = nn.ModuleList(
            grow(after, before, 3) for before, after in reversed(list(itertools.pairwise(channels)))
        )
        self.unsqueeze = nn.Conv2d(hidden_dim, num_bands, 1)

    def encode(self, x: Tensor, *, padded: bool = False) -> Tensor:
        """Latents (batch, D_x, h, w) of images (batch, B, H, W).

        Args:
            padded: The image carries ``halo`` pixels more on each side than the latents shall have. Without, the
                border is repeated outwards.
        """
        if self.halo and not padded:
            x = functional.pad(x, (self.halo,) * 4, mode="replicate")
        x = self.squeeze(x)
        for convolution in self.convolutions:
            x = functional.gelu(convolution(x))
            if self.shrink > 1:
                x = functional.max_pool2d(x, 2, ceil_mode=True)
        latents: Tensor = self.head(x)
        return latents

    def decode(self, latents: Tensor, size: tuple[int, int] | None = None) -> Tensor:
        """Images of latents (batch, D_x, h, w).

        Returns:
            (batch, B, size); by default as large as the latents, times the shrinking. With a token for each pixel,
            the pixel in the middle of each drawn neighbourhood.
        """
        batch, _, height, width = latents.shape
        if self.tokens == "pixel":
            drawn = self._draw(latents.permute(0, 2, 3, 1).reshape(-1, self.latent_dim))
            middle = drawn[:, :, self.halo, self.halo]
            return middle.view(batch, height, width, -1).permute(0, 3, 1, 2)
        x = functional.gelu(self.foot(latents))
        for enlarge in self.deconvolutions:
            x = functional.gelu(enlarge(x))
        size = size or (height * self.shrink, width * self.shrink)
        if x.shape[-2:] != size:
            x = functional.interpolate(x, size=size, mode="bilinear", align_corners=False)
        image: Tensor = self.unsqueeze(x)
        return image

    def _draw(self, latents: Tensor) -> Tensor:
        """(N, D_x) to neighbourhoods (N, B, 2 * halo + 1, 2 * halo + 1)."""
        x = functional.gelu(self.foot(latents[:, :, None, None]))
        for grow in self.deconvolutions:
            x = functional.gelu(grow(x))
        neighbourhoods: Tensor = self.unsqueeze(x)
        return neighbourhoods

    def forward(self, x: Tensor, *, padded: bool = False) -> dict[str, Any]:
        """Quantise patches.

        Args:
            x: (batch, B, S, S).
            padded: See `encode`.

        Returns:
            ``recon`` (batch, B, S, S), less the halo where ``padded``; ``quantized`` (batch, T_x, D_x); ``indices``
            (batch, T_x); ``loss_dict`` with ``recon_loss``, ``vq_loss``, ``commitment_loss``; ``loss``.
        """
        if self.halo and not padded:
            x, padded = functional.pad(x, (self.halo,) * 4, mode="replicate"), True
        latents = self.encode(x, padded=padded)
        flat = latents.permute(0, 2, 3, 1).reshape(-1, self.latent_dim)
        quantised = self.codebook(flat)
        if self.tokens == "pixel":
            drawn = self._draw(quantised.vectors)
            span = 2 * self.halo + 1
            truth = x.unfold(2, span, 1).unfold(3, span, 1).permute(0, 2, 3, 1, 4, 5).reshape(drawn.shape)
            recon_loss = functional.smooth_l1_loss(drawn, truth)
            rows, columns = latents.shape[-2:]
            middle = drawn[:, :, self.halo, self.halo]
            recon = middle.view(len(x), rows, columns, -1).permute(0, 3, 1, 2)
        else:
            codes = quantised.vectors.view(len(x), *latents.shape[-2:], -1).permute(0, 3, 1, 2)
            recon = self.decode(codes, (x.shape[-2], x.shape[-1]))
            recon_loss = functional.smooth_l1_loss(recon, x)
        return {
            "recon": recon,
            "quantized": quantised.vectors.view(len(x), -1, self.latent_dim),
            "indices": quantised.indices.view(len(x), -1),
            "loss_dict": {
                "recon_loss": recon_loss,
                "vq_loss": quantised.codebook_distance,
                "commitment_loss": quantised.commitment,
            },
            "loss": recon_loss + self.commitment_beta * quantised.commitment,
        }


class _Enlarge(nn.Module):
    """Twice the resolution, then a convolution: no checkerboard."""

    def __init__(self, channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, out_channels, kernel_size, padding=kernel_size // 2)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.convolution(functional.interpolate(x, scale_factor=2.0, mode="nearest"))
        return out
