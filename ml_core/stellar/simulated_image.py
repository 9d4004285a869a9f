"""Pictures of simulated stars in g, r and i: point sources through seeing, sky noise, and what goes wrong with them."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml_core.stellar.images.composite import SIDE, composite
from ml_core.stellar.images.cutout import JPLUS_PIXEL_SCALE

#: Images are in nanomaggies: 1 is a star of magnitude 22.5.
ZERO_POINT: Final = 22.5
#: Standard deviation of a pixel: about a star of magnitude 22 (21.5 in i) at 5 sigma.
_SKY_SIGMA: Final = {"g": 0.07, "r": 0.07, "i": 0.11}
_SEEING_ARCSEC: Final = 1.25


def simulate_bands(
    rng: np.random.Generator, magnitudes: dict[str, float], flags: tuple[str, ...] = ()
) -> dict[str, NDArray[np.float32]]:
    """Images in g, r, i round a star.

    Args:
        rng: Decides everything that is random.
        magnitudes: AB magnitudes of the star.
        flags: What shall be wrong: ``several_sources``, ``off_centre``, ``noisy``, ``saturated``, ``cut_off``.

    Returns:
        (128, 128) for ``g``, ``r`` and ``i`` in nanomaggies, first row at the bottom.
    """
    middle = (SIDE - 1) / 2
    star = middle + rng.normal(0.0, 0.3, 2)
    if "off_centre" in flags:
        star = middle + rng.uniform(10, 22, 2) * rng.choice([-1.0, 1.0], 2)
    bright = {band: magnitudes[band] - (9.0 if "saturated" in flags else 0.0) for band in "gri"}
    others = [(rng.uniform(0, SIDE, 2), rng.normal(2.5, 0.6)) for _ in range(int(rng.poisson(0.7)))]
    if "several_sources" in flags:
        angle = rng.uniform(0, 2 * math.pi)
        others.append((star + rng.uniform(7, 10) * np.array([math.cos(angle), math.sin(angle)]), 0.2))
    seeing = float(rng.normal(_SEEING_ARCSEC, 0.1)) / JPLUS_PIXEL_SCALE
    # Not deeper noise, which the stretch would follow, but a star that drowns in it.
    fainter = 10 ** (-0.4 * max(0.0, 24.2 - bright["r"])) if "noisy" in flags else 1.0
    bands = {}
    for band in "gri":
        flux = 10 ** (-0.4 * (bright[band] - ZERO_POINT))
        image = flux * _moffat(star, seeing)
        for place, step in others:
            image = image + flux * 10 ** (-0.4 * step) * _moffat(place, seeing)
        sigma = _SKY_SIGMA[band]
        noise = np.sqrt(sigma**2 + 0.002 * np.maximum(image, 0.0))
        image = image * fainter + rng.normal(0.0, 1.0, image.shape) * noise + rng.normal(0.0, 0.1 * sigma)
        if "cut_off" in flags:
            image[:, : SIDE // 4] = np.nan
        bands[band] = image.astype(np.float32)
    return bands


def compose(bands: dict[str, NDArray[np.float32]]) -> NDArray[np.uint8]:
    """The composite of the three bands, (128, 128, 3)."""
    return composite(bands["i"], bands["r"], bands["g"])


def _moffat(place: NDArray[np.float64], width: float, beta: float = 3.0) -> NDArray[np.float64]:
    """A point source of flux 1 with the given full width at half maximum in pixels (Moffat 1969, A&A 3, 455)."""
    core = width / (2 * math.sqrt(2 ** (1 / beta) - 1))
    rows, columns = np.arange(SIDE)[:, None] - place[1], np.arange(SIDE)[None, :] - place[0]
    return np.asarray((beta - 1) / (math.pi * core**2) * (1 + (rows**2 + columns**2) / core**2) ** -beta)
