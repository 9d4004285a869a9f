"""Spectra of chosen pixels of a cube that may be mapped from a large file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_core.hsi.metrics.counts import Floats

Places = NDArray[np.intp]


def read_spectra(cube: NDArray[Any], places: Places) -> Floats:
    """Spectra (N, B) at ``places`` (N, 2) of row and column; only these pixels are read."""
    return np.asarray(cube[places[:, 0], places[:, 1]], dtype=np.float64)


def mean_spectrum(cube: NDArray[Any], places: Places, most: int = 1000) -> Floats:
    """Mean (B,) over at most ``most`` of the places, evenly chosen; NaN in bands that are missing in all of them."""
    chosen = places[np.linspace(0, len(places) - 1, min(most, len(places))).round().astype(np.intp)]
    spectra = read_spectra(cube, chosen)
    known = np.isfinite(spectra)
    count = known.sum(axis=0)
    total = np.where(known, spectra, 0).sum(axis=0)
    mean: Floats = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
    return mean


def spectral_angles(spectra: Floats, reference: Floats) -> Floats:
    """Angles (N,) in degrees between spectra (N, B) and one other (B,); 90 where either is zero.

    F. A. Kruse et al., "The Spectral Image Processing System (SIPS)", Remote Sensing of Environment 44, 1993.
    """
    lengths = np.linalg.norm(spectra, axis=1) * np.linalg.norm(reference)
    cosine = np.divide(spectra @ reference, lengths, out=np.zeros(len(spectra)), where=lengths > 0)
    angles: Floats = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return angles


def plain(values: Floats) -> list[float | None]:
    """For JSON, which knows no NaN."""
    return [float(value) if np.isfinite(value) else None for value in values]
