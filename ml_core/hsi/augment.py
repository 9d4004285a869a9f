"""Random changes of patches for training: quarter turns, mirror images, noise. None of them mixes spectra.

A turn by another angle would interpolate between pixels and so make spectra that no sensor saw.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def rotate_patches(patches: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
    """Turn every patch (N, B, S, S) by its own number of quarter turns."""
    turns = random.integers(0, 4, len(patches))
    rotated = patches.copy()
    for turn in (1, 2, 3):
        chosen = turns == turn
        rotated[chosen] = np.rot90(patches[chosen], turn, axes=(2, 3))
    return rotated


def flip_patches(patches: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
    """Mirror every patch (N, B, S, S) up-down and left-right with a chance of one half each."""
    flipped = patches.copy()
    for axis in (2, 3):
        chosen = random.random(len(patches)) < 0.5
        flipped[chosen] = np.flip(flipped[chosen], axis)
    return flipped


def add_gaussian_noise(
    patches: NDArray[Any], random: np.random.Generator, deviation: float = 0.01
) -> NDArray[np.float32]:
    """Add normal noise of this standard deviation, in units of the patches' values, to every value."""
    noise = random.standard_normal(patches.shape, dtype=np.float32)
    noisy: NDArray[np.float32] = patches.astype(np.float32) + np.float32(deviation) * noise
    return noisy


def augment_patches(
    patches: NDArray[Any], random: np.random.Generator, noise_deviation: float = 0.01
) -> NDArray[np.float32]:
    """Turn, mirror, and add noise. What happens follows from the generator alone, so training can repeat it."""
    turned = flip_patches(rotate_patches(patches, random), random)
    return add_gaussian_noise(turned, random, noise_deviation) if noise_deviation else turned.astype(np.float32)
