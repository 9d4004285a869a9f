"""What is wrong with a star's picture: several sources, off-centre, noisy, saturated, cut off.

The flags propose; a person decides. They are measured on the composite itself, because that is what is classified.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ml_core.stellar.images.composite import Stretch, sky_level

ScreeningFlag = Literal["several_sources", "off_centre", "noisy", "saturated", "cut_off"]

#: Sources stand this far over the sky.
_DETECTION_SIGMAS: Final = 6.0
#: At 0.55 arcsec per pixel about 2 arcsec: J-PLUS positions are good to a tenth of that.
_MAX_OFFSET: Final = 4.0
#: Two other sources of this part of the star's flux (1 mag fainter) make a crowded picture.
_RIVAL: Final = 0.4
#: Within this distance (pixels) one of this part (1.5 mag fainter) is enough: its light mixes with the star's.
_CLOSE: Final = 12.0
_CLOSE_RIVAL: Final = 0.25
_MIN_PEAK_SIGMAS: Final = 9.0
#: Pixels at the end of the scale; stars of r = 14.5 have 30.
_SATURATED_PIXELS: Final = 60
_EMPTY_PART: Final = 0.08
_SMALLEST_SOURCE: Final = 4
#: Between two sources the light falls below this part of the fainter one.
_DIP: Final = 0.8
#: So many of the brightest maxima are compared; fainter ones change no flag.
_MOST_COMPARED: Final = 10


@dataclass(frozen=True)
class Screening:
    """Flags of a picture and what they rest on.

    Attributes:
        flags: In a fixed order; empty for a good picture.
        measures: ``sky_sigma`` (8-bit counts), ``peak_sigmas``, ``offset`` (pixels), ``sources``, ``saturated_pixels``,
            ``empty_part``.
    """

    flags: tuple[ScreeningFlag, ...]
    measures: dict[str, float]


def screen(pixels: NDArray[np.uint8]) -> Screening:
    """Judge a composite.

    Args:
        pixels: (128, 128, 3).
    """
    light = pixels.astype(np.float64).mean(-1)
    empty = _empty(pixels)
    filled = ~empty
    sky, sigma = sky_level(light[filled]) if filled.any() else (0.0, 0.0)
    sigma = max(sigma, 1.0)  # 8 bits know no finer noise
    smooth = ndimage.gaussian_filter(_linear(np.where(filled, light - sky, 0.0)), 1.0)
    # Neighbouring pixels of a JPEG are not independent, so the noise of the smooth image is measured, not derived.
    noise = max(sky_level(smooth[filled])[1] if filled.any() else 0.0, 0.3 / 255)
    sources = _sources(smooth, _DETECTION_SIGMAS * noise)
    middle = (np.array(light.shape) - 1) / 2
    distances = np.array([np.hypot(*(source[:2] - middle)) for source in sources])
    star = int(np.argmin(distances)) if len(distances) else -1
    offset = float(distances[star]) if star >= 0 else float("nan")
    peak = float(sources[star][2]) if star >= 0 else 0.0
    saturated = int(np.count_nonzero(pixels.max(-1) >= 254))
    measures = {
        "sky_sigma": sigma, "peak_sigmas": peak / noise, "offset": offset, "sources": float(len(sources)),
        "saturated_pixels": float(saturated), "empty_part": float(empty.mean()),
    }  # fmt: skip
    flags: list[ScreeningFlag] = []
    if star >= 0 and _is_crowded([source for index, source in enumerate(sources) if index != star], sources[star]):
        flags.append("several_sources")
    if star < 0 or offset > _MAX_OFFSET:
        flags.append("off_centre")
    if star < 0 or measures["peak_sigmas"] < _MIN_PEAK_SIGMAS:
        flags.append("noisy")
    if saturated >= _SATURATED_PIXELS:
        flags.append("saturated")
    if measures["empty_part"] > _EMPTY_PART:
        flags.append("cut_off")
    return Screening(tuple(flags), measures)


def _linear(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intensities before the stretch of our composites, in units of its linear range; about right for other curves."""
    stretch = Stretch()
    return np.asarray(np.sinh(stretch.softening * light / 255 / stretch.gain) / stretch.softening)


def _empty(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels of whole rows or columns without any change: parts that no exposure covers."""
    light = pixels.mean(-1)
    columns, rows = np.ptp(light, axis=0) <= 4.0, np.ptp(light, axis=1) <= 4.0
    return np.asarray(columns[None, :] | rows[:, None])


def _sources(smooth: NDArray[np.float64], threshold: float) -> list[NDArray[Any]]:
    """(row, column, peak) of each local maximum over the threshold, maxima of one plateau counted once."""
    tops = (smooth == ndimage.maximum_filter(smooth, size=7)) & (smooth > threshold)
    labels, count = ndimage.label(tops, structure=np.ones((3, 3)))
    regions, _ = ndimage.label(smooth > threshold / 2)
    sizes = np.bincount(regions.ravel())
    found = []
    for row, column in ndimage.center_of_mass(tops, labels, np.arange(1, count + 1)):
        place = round(row), round(column)
        if sizes[regions[place]] >= _SMALLEST_SOURCE:
            found.append(np.array([row, column, smooth[place]]))
    return _without_ripples(sorted(found, key=lambda source: -source[2]), smooth)


def _without_ripples(found: list[NDArray[Any]], smooth: NDArray[np.float64]) -> list[NDArray[Any]]:
    """Drop maxima that no dip parts from a brighter one, and put sources at the middle of their tops: the flat top of a
    saturated star has many maxima, none of them in its middle."""
    kept: list[NDArray[Any]] = found[_MOST_COMPARED:]
    for number, source in enumerate(found[:_MOST_COMPARED]):
        hills, _ = ndimage.label(smooth > _DIP * source[2])
        own = hills[round(source[0]), round(source[1])]
        if all(hills[round(other[0]), round(other[1])] != own for other in found[:number]):
            row, column = (float(np.mean(place)) for place in np.nonzero(hills == own))
            kept.append(np.array([row, column, source[2]]))
    return kept


def _is_crowded(others: list[NDArray[Any]], star: NDArray[Any]) -> bool:
    near = [other for other in others if np.hypot(*(other[:2] - star[:2])) < _CLOSE]
    if any(other[2] > _CLOSE_RIVAL * star[2] for other in near):
        return True
    return sum(bool(other[2] > _RIVAL * star[2]) for other in others) >= 2
