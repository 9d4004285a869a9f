"""The tokens of a whole scene in one dense pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml_core.hsi.canonical import CanonicalScene
from ml_core.hsi.tokenizer.joint_tokenizer import SSPQTokenizer

_BLOCK_PIXELS = 2_048  # what fits into the caches: four times as fast as all at once


@dataclass(frozen=True)
class TokenMap:
    """Tokens of a scene.

    Attributes:
        spectral: (H, W) int16, numbers of spectral codes, k.
        spatial: (H, W) int16, numbers of spatial codes, m.
        coordinates: (H, W, C) float32, see `CanonicalScene`.
        variances: (C,) variances of the coordinates over the whole scene.
    """

    spectral: NDArray[np.int16]
    spatial: NDArray[np.int16]
    coordinates: NDArray[np.float32]
    variances: NDArray[np.float64]

    def joint(self, spectral_codes: int) -> NDArray[np.int64]:
        """(H, W) joint ids, k + K_s * m."""
        joint: NDArray[np.int64] = self.spectral.astype(np.int64) + spectral_codes * self.spatial.astype(np.int64)
        return joint


@torch.inference_mode()
def tokenize_scene(tokenizer: SSPQTokenizer, scene: CanonicalScene) -> TokenMap:
    """Tokenise a scene in blocks of rows; the border is repeated outwards for the spatial branch.

    Args:
        tokenizer: With a token for each pixel, in evaluation mode.
        scene: From `ml_core.hsi.canonical.canonicalise`.
    """
    halo = tokenizer.spatial_vqvae.halo
    height, width, _ = scene.coordinates.shape
    device = tokenizer.spectral_vqvae.codebook.codes.device
    basis = torch.from_numpy(scene.basis).to(device)
    spectral = np.empty((height, width), dtype=np.int16)
    spatial = np.empty((height, width), dtype=np.int16)
    columns = np.clip(np.arange(-halo, width + halo), 0, width - 1)
    step = max(1, _BLOCK_PIXELS // width)
    for start in range(0, height, step):
        stop = min(start + step, height)
        rows = np.clip(np.arange(start - halo, stop + halo), 0, height - 1)
        block = torch.from_numpy(scene.coordinates[rows][:, columns]).to(device)
        spectra = block @ basis
        k, m = _tokens_of(tokenizer, spectra, halo)
        spectral[start:stop] = k.cpu().numpy().astype(np.int16)
        spatial[start:stop] = m.cpu().numpy().astype(np.int16)
    return TokenMap(spectral, spatial, scene.coordinates, scene.variances)


def _tokens_of(tokenizer: SSPQTokenizer, spectra: Tensor, halo: int) -> tuple[Tensor, Tensor]:
    """Spectral and spatial ids of (h, w, B) spectra that carry a rim."""
    inner = spectra[halo : spectra.shape[0] - halo, halo : spectra.shape[1] - halo]
    spectral, spatial = tokenizer.spectral_vqvae, tokenizer.spatial_vqvae
    k = spectral.codebook.nearest(spectral.encode(inner.reshape(-1, inner.shape[-1]))).view(inner.shape[:2])
    latents = spatial.encode(spectra.permute(2, 0, 1)[None], padded=True)[0]
    m = spatial.codebook.nearest(latents.flatten(1).t()).view(inner.shape[:2])
    return k, m
