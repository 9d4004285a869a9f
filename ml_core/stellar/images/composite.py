"""Composites of three bands, i, r, g as red, green, blue, with one stated stretch so that colour survives.

All bands go through the same curve of their mean intensity (Lupton et al. 2004, PASP 116, 133, section 2): a star keeps
its hue from its faint wings to its core. Stretching each band by itself would make every star white.
"""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ml_core.errors import FormatError
from ml_core.run.files import write_atomic

#: Pixels along a side of every composite.
SIDE: Final = 128
_JPEG_QUALITY: Final = 92


@dataclass(frozen=True)
class Stretch:
    """How intensities become 8 bits; stored beside every composite.

    Attributes:
        softening: Q of Lupton et al.: how soon the curve bends from linear to logarithmic.
        linear_sigmas: Intensity, in standard deviations of the sky, over which the curve is about linear.
        gain: Brightness of the whole picture.
        pedestal: Brightness of the sky, so that its noise is seen.
        weights: Of i, r and g; dwarfs of the middle of the M class come out orange with these.
    """

    softening: float = 8.0
    linear_sigmas: float = 12.0
    gain: float = 1.4
    pedestal: float = 0.06
    weights: tuple[float, float, float] = (1 / 1.6, 1.0, 1 / 0.55)

    def as_dict(self) -> dict[str, Any]:
        """For provenance."""
        return {"name": "asinh", **asdict(self)}


def sky_level(band: NDArray[np.floating]) -> tuple[float, float]:
    """Median and standard deviation of the sky, from the median absolute deviation; (0, 0) where all is empty."""
    values = band[np.isfinite(band)]
    if not values.size:
        return 0.0, 0.0
    median = float(np.median(values))
    return median, 1.4826 * float(np.median(np.abs(values - median)))


def composite(
    i: NDArray[np.floating], r: NDArray[np.floating], g: NDArray[np.floating], *, stretch: Stretch = Stretch()
) -> NDArray[np.uint8]:
    """Compose three bands.

    Args:
        i: (128, 128) image in the order of FITS, first row at the bottom, in the same flux units as the others
            (apply the zero points first). NaN stands for sky.
        r: As ``i``.
        g: As ``i``.
        stretch: How intensities become 8 bits.

    Returns:
        (128, 128, 3) with the first row at the top, i as red, r as green, g as blue.

    Raises:
        FormatError: ``image.bands_differ`` when the shapes differ, ``image.size`` when they are not 128 x 128.
    """
    bands = [np.asarray(band, np.float64) for band in (i, r, g)]
    if len({band.shape for band in bands}) != 1:
        raise FormatError("The three bands have different sizes.", code="image.bands_differ",
                          hint="Cut all bands out at the same position and size.")  # fmt: skip
    if bands[0].shape != (SIDE, SIDE):
        raise FormatError(f"The bands are not {SIDE} x {SIDE} pixels.", code="image.size",
                          hint="Cut them out at that size.")  # fmt: skip
    weighted = []
    sigma = sky_level(bands[1])[1] or 1.0
    for band, weight in zip(bands, stretch.weights, strict=True):
        median, _ = sky_level(band)
        weighted.append(np.where(np.isfinite(band), band - median, 0.0) * weight)
    intensity = np.maximum(sum(weighted) / 3, 0.0)
    curve = np.arcsinh(stretch.softening * intensity / (stretch.linear_sigmas * sigma)) / stretch.softening
    scale = np.divide(curve, intensity, out=np.zeros_like(curve), where=intensity > 0)
    picture = np.stack([band * scale for band in weighted], -1) * stretch.gain + stretch.pedestal
    # Beyond white, the three are scaled down together: cutting each off would change the hue.
    brightest = picture.max(-1, keepdims=True)
    picture = np.where(brightest > 1.0, picture / np.maximum(brightest, 1e-12), picture)
    return np.ascontiguousarray(np.round(np.clip(picture, 0.0, 1.0) * 255).astype(np.uint8)[::-1])


def save_jpeg(pixels: NDArray[np.uint8], path: Path) -> None:
    """Write a composite as JPEG, whole or not at all."""
    buffer = io.BytesIO()
    # Full colour resolution: halved, as is usual, the noise of the sky runs into the colours of a star 3 pixels wide.
    Image.fromarray(pixels).save(buffer, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    write_atomic(path, buffer.getvalue())
