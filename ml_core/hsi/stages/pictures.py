"""Pictures of what a tokenizer keeps of a scene."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ml_core.hsi.canonical import CanonicalScene
from ml_core.hsi.tokenizer.joint_tokenizer import SSPQTokenizer

_SIDE, _ZOOM, _GAP = 48, 3, 4
_SCENES_SHOWN = 4
_COLOURS = (0.35, 0.2, 0.05)  # places of red, green and blue along the common axis: the visible light of most sensors
_STRETCH = (2.0, 98.0)  # percentiles that become black and white


@torch.no_grad()
def reconstruction_picture(tokenizer: SSPQTokenizer, scenes: Sequence[CanonicalScene]) -> Image.Image:
    """The middle of a few scenes: as it is, as its tokens are decoded, and the difference of the two.

    Leaves the random state and the mode of the network as they were.
    """
    was_training = tokenizer.training
    tokenizer.eval()
    try:
        rows = [_row(tokenizer, scene) for scene in scenes[:_SCENES_SHOWN]]
    finally:
        tokenizer.train(was_training)
    width = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, _GAP), (0, width - row.shape[1]), (0, 0)), constant_values=255) for row in rows]
    return Image.fromarray(np.concatenate(padded)[:-_GAP])


def _row(tokenizer: SSPQTokenizer, scene: CanonicalScene) -> NDArray[np.uint8]:
    height, width, _ = scene.coordinates.shape
    side = min(_SIDE, height, width)
    halo = tokenizer.spatial_vqvae.halo
    rows = np.clip(np.arange(-halo, side + halo) + (height - side) // 2, 0, height - 1)
    columns = np.clip(np.arange(-halo, side + halo) + (width - side) // 2, 0, width - 1)
    spectra = scene.coordinates[rows[:, None], columns] @ scene.basis
    device = tokenizer.spectral_vqvae.codebook.codes.device
    padded = torch.from_numpy(np.ascontiguousarray(spectra.transpose(2, 0, 1))).to(device)[None]
    ids = tokenizer(padded, padded=True)["joint_ids"]
    decoded = tokenizer.decode_joint_ids(ids)[0].permute(1, 2, 0).cpu().numpy()
    original = spectra[halo : halo + side, halo : halo + side]
    bands = [round(place * (original.shape[2] - 1)) for place in _COLOURS]
    low, high = np.percentile(original[..., bands], _STRETCH, axis=(0, 1))
    panels = [
        _colours(original[..., bands], low, high),
        _colours(decoded[..., bands], low, high),
        _grey(np.abs(original - decoded).mean(axis=2)),
    ]
    gap = np.full((side * _ZOOM, _GAP, 3), 255, dtype=np.uint8)
    return np.concatenate([panels[0], gap, panels[1], gap, panels[2]], axis=1)


def _colours(values: NDArray[Any], low: NDArray[Any], high: NDArray[Any]) -> NDArray[np.uint8]:
    scaled = np.clip((values - low) / np.maximum(high - low, 1e-6), 0, 1)
    return _enlarged((255 * scaled).astype(np.uint8))


def _grey(values: NDArray[Any]) -> NDArray[np.uint8]:
    scaled = np.clip(values / max(float(np.percentile(values, _STRETCH[1])), 1e-6), 0, 1)
    return _enlarged(np.repeat((255 * scaled).astype(np.uint8)[..., None], 3, axis=2))


def _enlarged(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return pixels.repeat(_ZOOM, axis=0).repeat(_ZOOM, axis=1)
