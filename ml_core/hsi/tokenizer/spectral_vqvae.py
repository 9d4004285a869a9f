"""The spectral branch of Stage 1: what material a spectrum shows, as one of K_s codes."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor, nn
from torch.nn import functional

from ml_core.hsi.tokenizer.codebook import Codebook
from ml_core.hsi.tokenizer.temporal import SpectrumDecoder, SpectrumEncoder

# The decoder also learns from latents before quantisation: comparing decoded spectra needs them smooth.
CONTINUOUS_WEIGHT = 0.3


class SpectralTCNVQVAE(nn.Module):
    """VQ-VAE of spectra with dilated convolutions along the bands.

    Args:
        num_bands: Length of a spectrum, B.
        hidden_dim: Channels of the convolutions.
        codebook_size: Number of codes, K_s.
        num_layers: Residual blocks of the encoder, with dilations 1, 2, 4, ...; the decoder has half as many.
        kernel_size: Width of the dilated convolutions.
        commitment_beta: Weight of the pull of latents to their codes.
        latent_dim: Length of a code, D_s.
        tokens: ``mean`` quantises the mean spectrum of a patch (T_s = 1); ``pixel`` gives each pixel a token.
    """

    def __init__(
        self,
        num_bands: int,
        hidden_dim: int,
        codebook_size: int,
        num_layers: int,
        kernel_size: int,
        commitment_beta: float,
        *,
        latent_dim: int = 16,
        tokens: Literal["mean", "pixel"] = "mean",
    ) -> None:
        super().__init__()
        self.num_bands, self.latent_dim = num_bands, latent_dim
        self.commitment_beta = commitment_beta
        self.tokens = tokens
        self.encoder = SpectrumEncoder(num_bands, hidden_dim, latent_dim, num_layers, kernel_size)
        self.codebook = Codebook(codebook_size, latent_dim)
        self.decoder = SpectrumDecoder(num_bands, hidden_dim, latent_dim, max(1, num_layers // 2), kernel_size)

    def encode(self, spectra: Tensor) -> Tensor:
        """(N, B) to continuous latents (N, D_s)."""
        latents: Tensor = self.encoder(spectra)
        return latents

    def decode(self, latents: Tensor) -> Tensor:
        """(N, D_s) to spectra (N, B)."""
        spectra: Tensor = self.decoder(latents)
        return spectra

    def forward(self, x: Tensor) -> dict[str, Any]:
        """Quantise patches.

        Args:
            x: (batch, B, S, S).

        Returns:
            ``recon`` (batch, B), or (batch, B, S, S) with a token for each pixel; ``quantized`` (batch, T_s, D_s);
            ``indices`` (batch, T_s); ``loss_dict`` with ``recon_loss``, ``vq_loss``, ``commitment_loss``; ``loss``.
        """
        batch, bands, height, width = x.shape
        if self.tokens == "mean":
            spectra = x.mean(dim=(-1, -2))
        else:
            spectra = x.permute(0, 2, 3, 1).reshape(-1, bands)
        latents = self.encode(spectra)
        quantised = self.codebook(latents)
        recon = self.decode(quantised.vectors)
        recon_loss = functional.smooth_l1_loss(recon, spectra)
        if self.training:
            recon_loss = recon_loss + CONTINUOUS_WEIGHT * functional.smooth_l1_loss(self.decode(latents), spectra)
        losses = {
            "recon_loss": recon_loss,
            "vq_loss": quantised.codebook_distance,
            "commitment_loss": quantised.commitment,
        }
        if self.tokens == "pixel":
            recon = recon.view(batch, height, width, bands).permute(0, 3, 1, 2)
        return {
            "recon": recon,
            "quantized": quantised.vectors.view(batch, -1, self.latent_dim),
            "indices": quantised.indices.view(batch, -1),
            "loss_dict": losses,
            "loss": recon_loss + self.commitment_beta * quantised.commitment,
        }
