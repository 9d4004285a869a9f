"""Reconstruction head for whole scenes: how differently Stage 1 draws a pixel with and without small structures.

Comparing a pixel with its own reconstruction asks whether the tokenizer knows the material. Comparing it with the
reconstruction of the scene that has lost everything small asks whether the pixel belongs to its surroundings; encoder
and decoder drop what is only noise (docs/hsi.md).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ml_core.hsi.tokenizer import SSPQTokenizer

Maps = NDArray[np.float32]

RECON_AREAS = (50,)  # one is as good as several (docs/hsi.md)
_BLOCK_PIXELS = 2_048  # what fits into the caches


@torch.inference_mode()
def decoder_differences(tokenizer: SSPQTokenizer, coordinates: Maps, changes: Maps, basis: NDArray[np.float32]) -> Maps:
    """Mean absolute difference of two decoded spectra, before quantisation; over all areas where there are several.

    Args:
        tokenizer: In evaluation mode.
        coordinates: (H, W, C) float32, some rows of a scene.
        changes: (areas, H, W, C) what small structures change, see `small_structures`.
        basis: (C, B) from components to the common spectral axis.

    Returns:
        (H, W) float32.
    """
    device = next(tokenizer.parameters()).device
    height, width, channels = coordinates.shape
    own = torch.from_numpy(np.ascontiguousarray(coordinates.reshape(-1, channels)))
    removed = torch.from_numpy(np.ascontiguousarray(changes.reshape(len(changes), -1, channels)))
    to_spectra = torch.from_numpy(basis).to(device)
    found = torch.empty(height * width)
    for start in range(0, height * width, _BLOCK_PIXELS):
        pixels = own[start : start + _BLOCK_PIXELS].to(device)
        without = pixels - removed[:, start : start + _BLOCK_PIXELS].to(device)
        both = torch.cat([pixels[None], without])
        branch = tokenizer.spectral_vqvae
        drawn = torch.stack([branch.decode(branch.encode(part @ to_spectra)) for part in both])
        found[start : start + _BLOCK_PIXELS] = (drawn[1:] - drawn[0]).abs().mean(dim=(0, 2)).cpu()
    return found.view(height, width).numpy()
