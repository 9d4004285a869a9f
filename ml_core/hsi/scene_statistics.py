"""``statistics.json`` of a scene: what its page draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_core.hsi.measure_scene import BINS, QUANTILES, Measurement

STATISTICS_FORMAT = 1


def scene_statistics(
    measured: Measurement,
    *,
    noise: NDArray[np.float64],
    explained: NDArray[np.float64],
    good_bands: NDArray[np.bool_],
    wavelengths: NDArray[np.float64] | None,
) -> dict[str, Any]:
    """Columns of B numbers: mean, std, min, max, quantiles, noise, signal to noise; and a histogram of each band.

    Quantiles and histograms are those of ``sampled_pixels``, which are all pixels of a small scene.
    """
    sample = measured.sample
    with np.errstate(invalid="ignore", divide="ignore"):
        snr = np.abs(measured.mean) / noise
    quantiles = _quantiles(sample)
    return {
        "format": STATISTICS_FORMAT,
        "shape": list(measured.shape),
        "sampled_pixels": len(sample),
        "mean": _numbers(measured.mean),
        "std": _numbers(measured.std),
        "min": _numbers(measured.low),
        "max": _numbers(measured.high),
        "quantiles": {f"{level:g}": _numbers(row) for level, row in zip(QUANTILES, quantiles, strict=True)},
        "noise": _numbers(noise),
        "snr": _numbers(snr),
        "explained": _numbers(explained),
        "good_bands": good_bands.tolist(),
        "wavelengths": None if wavelengths is None else _numbers(wavelengths),
        "missing": measured.missing_bands.tolist(),
        "histogram": {
            "bins": BINS,
            "low": _numbers(measured.low),
            "high": _numbers(measured.high),
            "counts": [
                _histogram(sample[:, band], measured.low[band], measured.high[band])
                for band in range(measured.shape[2])
            ],
        },
    }


def _quantiles(sample: NDArray[np.float32]) -> NDArray[np.float64]:
    ordered = np.sort(sample, axis=0)  # NaN goes last
    known = np.maximum(np.isfinite(sample).sum(axis=0), 1)
    places = np.rint(np.asarray(QUANTILES)[:, None] * (known - 1)).astype(int)
    return np.take_along_axis(ordered, places, axis=0).astype(np.float64)


def _histogram(values: NDArray[np.float32], low: float, high: float) -> list[int]:
    known = values[np.isfinite(values)]
    if not known.size or not high > low:
        return [int(known.size)] + [0] * (BINS - 1)
    places = ((known.astype(np.float64) - low) * (BINS / (high - low))).astype(int)
    counts: list[int] = np.bincount(np.clip(places, 0, BINS - 1), minlength=BINS).tolist()
    return counts


def _numbers(values: NDArray[Any]) -> list[float | None]:
    """Numbers with 7 digits; what is not finite has no place in JSON and becomes null."""
    return [float(f"{value:.7g}") if np.isfinite(value) else None for value in values]
