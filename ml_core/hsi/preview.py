"""Pictures of cubes, masks and maps. Of a large cube only the shown bands are read, and only every n-th pixel."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ml_core.errors import CodedError
from ml_core.hsi.colour_maps import colour_table
from ml_core.hsi.scene import Scene

#: Red, green and blue light in nanometres.
RGB_NM: Final = (650.0, 550.0, 450.0)

_RGB_PLACES: Final = (0.6, 0.35, 0.15)
_NEAR_NM: Final = 60.0
_STRETCH_SAMPLES: Final = 250_000
MAX_SIDE: Final = 2_048


def default_bands(scene: Scene) -> tuple[int, int, int]:
    """Bands for red, green and blue: by wavelength where the sensor sees light, else spread over the good bands."""
    good = np.flatnonzero(scene.good_bands)
    good = good if len(good) else np.arange(scene.shape[2])
    if scene.wavelengths is not None:
        picks = [int(good[np.argmin(np.abs(scene.wavelengths[good] - target))]) for target in RGB_NM]
        distances = [abs(float(scene.wavelengths[band]) - target) for band, target in zip(picks, RGB_NM, strict=True)]
        if max(distances) <= _NEAR_NM:
            return picks[0], picks[1], picks[2]
    red, green, blue = (int(good[round(place * (len(good) - 1))]) for place in _RGB_PLACES)
    return red, green, blue


def read_bands(scene: Scene, bands: tuple[int, ...], max_side: int = MAX_SIDE) -> NDArray[np.float32]:
    """(h, w, len(bands)) of every n-th pixel, so that no side is longer than ``max_side``.

    Raises:
        CodedError: ``hsi.band``: there is no such band.
    """
    height, width, count = scene.shape
    for band in bands:
        if not 0 <= band < count:
            raise CodedError(f"There is no band {band}.", code="hsi.band", where="bands",
                             hint=f"Bands are numbered from 0 to {count - 1}.")  # fmt: skip
    step = stride(height, width, max_side)
    planes = [np.asarray(scene.cube[::step, ::step, band], np.float32) for band in bands]
    return np.stack(planes, axis=-1)


def stride(height: int, width: int, max_side: int) -> int:
    """Every how many pixels are shown."""
    return max(1, -(-max(height, width) // max(1, max_side)))


def stretch(values: NDArray[Any], *, low: float = 2.0, high: float = 98.0, gamma: float = 1.0) -> NDArray[np.uint8]:
    """Each channel of (h, w) or (h, w, C) from its percentiles ``low`` to ``high`` to 0..255; not finite becomes 0."""
    planes = np.asarray(values, np.float32).reshape(*values.shape[:2], -1)
    out = np.zeros(planes.shape, np.uint8)
    for channel in range(planes.shape[2]):
        plane = planes[..., channel]
        known = plane[np.isfinite(plane)]
        if not known.size:
            continue
        bottom, top = np.percentile(known[:: max(1, known.size // _STRETCH_SAMPLES)], (low, high))
        scaled = np.clip((plane - bottom) / max(float(top - bottom), 1e-12), 0.0, 1.0)
        out[..., channel] = np.rint(255 * np.nan_to_num(scaled) ** (1 / gamma))
    return out.reshape(values.shape)


def false_colour(
    scene: Scene,
    bands: tuple[int, int, int] | None = None,
    *,
    low: float = 2.0,
    high: float = 98.0,
    gamma: float = 1.0,
    max_side: int = MAX_SIDE,
) -> NDArray[np.uint8]:
    """(h, w, 3) picture of three bands.

    Args:
        scene: The scene.
        bands: Red, green, blue; None chooses.
        low: Percentile that becomes black.
        high: Percentile that becomes white.
        gamma: Above 1 lightens.
        max_side: Longest side of the picture in pixels.
    """
    return stretch(read_bands(scene, bands or default_bands(scene), max_side), low=low, high=high, gamma=gamma)


def band_image(
    scene: Scene, band: int, *, low: float = 2.0, high: float = 98.0, gamma: float = 1.0, max_side: int = MAX_SIDE
) -> NDArray[np.uint8]:
    """(h, w) grey picture of one band."""
    return stretch(read_bands(scene, (band,), max_side)[..., 0], low=low, high=high, gamma=gamma)


def outline(mask: NDArray[Any]) -> NDArray[np.bool_]:
    """(H, W) background pixels that touch a marked one, so that the marked ones stay visible."""
    marked = np.asarray(mask, bool)
    padded = np.pad(marked, 1)
    near = np.zeros_like(marked)
    height, width = marked.shape
    for row in range(3):
        for column in range(3):
            near |= padded[row : row + height, column : column + width]
    return np.asarray(near & ~marked, bool)


def draw_mask(
    picture: NDArray[np.uint8], mask: NDArray[Any], colour: tuple[int, int, int] = (255, 64, 64)
) -> NDArray[np.uint8]:
    """A copy of an (h, w, 3) picture with the mask outlined; the mask is reduced to the picture's size."""
    step = max(1, round(len(mask) / len(picture)))
    height, width = len(mask), mask.shape[1]
    padded = np.pad(np.asarray(mask, bool), ((0, -height % step), (0, -width % step)))
    small = np.asarray(padded.reshape(-(-height // step), step, -(-width // step), step).any(axis=(1, 3)))
    drawn = picture.copy()
    drawn[outline(small[: len(picture), : picture.shape[1]])] = colour
    return drawn


def map_image(
    values: NDArray[Any],
    *,
    colours: str = "viridis",
    low: float | None = None,
    high: float | None = None,
    threshold: float | None = None,
    max_side: int = MAX_SIDE,
) -> NDArray[np.uint8]:
    """(h, w, 3) picture of an anomaly map.

    Args:
        values: (H, W) map, larger = more anomalous.
        colours: A name of `ml_core.hsi.colour_maps.COLOUR_MAPS`.
        low: Value of the first colour; None: the 2nd percentile.
        high: Value of the last colour; None: the 99.8th percentile.
        threshold: Pixels below are shown in grey; None shows all in colour.
        max_side: Longest side. Of the pixels that share a place the largest value is shown, so that no target vanishes.
    """
    table = colour_table(colours)
    shown = _largest(np.asarray(values, np.float32), stride(len(values), values.shape[1], max_side))
    known = shown[np.isfinite(shown)]
    bottom = float(np.percentile(known, 2)) if low is None and known.size else float(low or 0.0)
    top = float(np.percentile(known, 99.8)) if high is None and known.size else float(high or 1.0)
    scaled = np.clip((shown - bottom) / max(top - bottom, 1e-12), 0.0, 1.0)
    index = np.rint(255 * np.nan_to_num(scaled)).astype(np.uint8)
    picture = table[index]
    if threshold is not None:
        picture = np.where((shown >= threshold)[..., None], picture, (index // 3)[..., None])
    return np.asarray(picture, np.uint8)


def _largest(values: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    if step == 1:
        return values
    height, width = values.shape
    padded = np.pad(values, ((0, -height % step), (0, -width % step)), constant_values=-np.inf)
    tiles = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step)
    return np.asarray(np.fmax.reduce(np.fmax.reduce(tiles, axis=3), axis=1), np.float32)


def png_bytes(picture: NDArray[np.uint8]) -> bytes:
    """A grey (h, w) or coloured (h, w, 3) picture as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
