"""Numbers that describe one picture: light, contrast, sharpness, and a hash of what it looks like."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ml_core.data.decode import load_image

#: Sharpness depends on scale, so every picture is measured at one: its longer side has this many pixels.
MEASURED_SIDE: Final = 256
THUMB_SIDE: Final = 16
_HASH_SIDE: Final = 32
_HASH_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured on one image; light values lie between 0 and 1.

    Attributes:
        brightness: Mean grey value.
        contrast: Standard deviation of the grey values.
        sharpness: Standard deviation of the Laplacian of the grey values at `MEASURED_SIDE`.
        channel_mean: Mean of red, green and blue.
        channel_square: Mean of their squares, from which deviations over many images follow.
        look: Perceptual hash of 64 bits: near pictures differ in few bits.
        thumb: Grey values at 16 x 16, uint8, to confirm what the hash suggests.
    """

    brightness: float
    contrast: float
    sharpness: float
    channel_mean: tuple[float, float, float]
    channel_square: tuple[float, float, float]
    look: int
    thumb: NDArray[np.uint8]


def measure_image(path: Path) -> Measures:
    """Decode a picture as small as suffices, and measure it.

    Raises:
        FormatError: As `load_image`.
        UnsafeFileError: As `load_image`.
    """
    image = load_image(path, "RGB", draft=(MEASURED_SIDE, MEASURED_SIDE))
    image.thumbnail((MEASURED_SIDE, MEASURED_SIDE), Image.Resampling.BOX)
    colour = np.asarray(image, dtype=np.float32) / 255.0
    grey_image = image.convert("L")
    grey = np.asarray(grey_image, dtype=np.float32) / 255.0
    mean = colour.mean(axis=(0, 1), dtype=np.float64)
    square = np.square(colour, dtype=np.float64).mean(axis=(0, 1))
    return Measures(
        float(grey.mean()), float(grey.std()), _sharpness(grey),
        (float(mean[0]), float(mean[1]), float(mean[2])), (float(square[0]), float(square[1]), float(square[2])),
        perceptual_hash(grey_image), np.asarray(grey_image.resize((THUMB_SIDE, THUMB_SIDE), Image.Resampling.BOX)),
    )  # fmt: skip


def _sharpness(grey: NDArray[np.float32]) -> float:
    if min(grey.shape) < 3:
        return 0.0
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4.0 * grey[1:-1, 1:-1]
    return float(laplacian.std())


def _cosines() -> NDArray[np.float32]:
    """The first rows of the discrete cosine transform (type II) for 32 values."""
    rows, columns = np.arange(_HASH_KEPT)[:, None], np.arange(_HASH_SIDE)[None, :]
    return np.cos(np.pi * rows * (2 * columns + 1) / (2 * _HASH_SIDE)).astype(np.float32)


_COSINES: Final = _cosines()
_BIT_VALUES: Final = np.left_shift(np.uint64(1), np.arange(64, dtype=np.uint64))


def perceptual_hash(grey: Image.Image) -> int:
    """64 bits of the lowest frequencies of a grey picture (pHash, C. Zauner 2010).

    Scaling, compression and small changes of light leave nearly all bits as they are. A bit says whether a
    frequency is stronger than the median one; the mean brightness itself does not count.
    """
    small = np.asarray(grey.resize((_HASH_SIDE, _HASH_SIDE), Image.Resampling.BOX), dtype=np.float32)
    waves = (_COSINES @ small @ _COSINES.T).ravel()
    bits = waves > np.median(waves[1:])
    bits[0] = False
    return int(_BIT_VALUES[bits].sum(dtype=np.uint64))
