"""One pass over a cube's rows: statistics of bands and pixels, a fingerprint, and a sample for what needs sorting."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.hsi.formats.stored import blocks

QUANTILES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
BINS: Final = 64

_BLOCK_BYTES: Final = 16 << 20
_SAMPLED_PIXELS: Final = 40_000

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Measurement:
    """What a pass over a cube found. B bands, (H, W) pixels; statistics are over values that are there.

    Attributes:
        shape: Rows, columns, bands.
        mean: (B,).
        std: (B,).
        low: (B,) smallest value.
        high: (B,) largest value.
        missing_bands: (B,) number of pixels without a value: not finite, or the value that stands for "none".
        missing_pixels: (H, W) number of bands without a value.
        zero_pixels: (H, W) whether all bands are 0.
        negatives: Number of values below 0.
        ceiling: Number of values equal to the largest of the whole cube.
        sample: (N, B) float32 pixels from all over the scene; all of them in a small scene.
        fingerprint: SHA-256 of type, shape and values.
    """

    shape: tuple[int, int, int]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    missing_bands: NDArray[np.int64]
    missing_pixels: NDArray[np.int32]
    zero_pixels: NDArray[np.bool_]
    negatives: int
    ceiling: int
    sample: NDArray[np.float32]
    fingerprint: str

    @property
    def pixels(self) -> int:
        """Number of pixels."""
        return self.shape[0] * self.shape[1]

    @property
    def constant(self) -> NDArray[np.bool_]:
        """(B,) whether a band has one value, or none."""
        return np.asarray(~(self.high > self.low))


def is_missing(rows: NDArray[Any], nodata: float | None) -> NDArray[np.bool_]:
    """Where a value is not finite, or equals the one that stands for "not measured"."""
    missing = ~np.isfinite(rows) if rows.dtype.kind == "f" else np.zeros(rows.shape, bool)
    if nodata is not None and np.isfinite(nodata):
        missing |= rows == nodata
    return missing


def measure_scene(cube: NDArray[Any], *, nodata: float | None = None, progress: Progress | None = None) -> Measurement:
    """Measure a cube (H, W, B), block of rows by block of rows.

    Args:
        cube: Any real type, mapped or not.
        nodata: Value that stands for "not measured".
        progress: Called with (rows done, rows in all).
    """
    tally = _Tally(cube, nodata)
    for start, stop in blocks(len(cube), cube.nbytes, _BLOCK_BYTES):
        tally.add(np.ascontiguousarray(cube[start:stop]), start)
        if progress is not None:
            progress(stop, len(cube))
    return tally.result()


class _Tally:
    def __init__(self, cube: NDArray[Any], nodata: float | None) -> None:
        self.shape, self.nodata = cube.shape, nodata
        height, width, bands = cube.shape
        self.count, self.total, self.squares = (np.zeros(bands) for _ in range(3))
        self.shift: NDArray[np.float64] | None = None
        self.low, self.high = np.full(bands, np.inf), np.full(bands, -np.inf)
        self.missing_bands = np.zeros(bands, np.int64)
        self.missing_pixels = np.zeros((height, width), np.int32)
        self.zero_pixels = np.zeros((height, width), bool)
        self.negatives = self.ceiling = 0
        self.may_miss = cube.dtype.kind == "f" or nodata is not None
        self.top = -np.inf
        # A step without common divisor with the width visits all columns alike.
        self.step = max(1, height * width // _SAMPLED_PIXELS)
        while self.step > 1 and np.gcd(self.step, width) > 1:
            self.step += 1
        self.samples: list[NDArray[np.float32]] = []
        self.digest = hashlib.sha256(f"{cube.shape} {cube.dtype.newbyteorder('=').str}".encode())

    def add(self, rows: NDArray[Any], start: int) -> None:
        """Count the rows that begin at ``start``."""
        self.digest.update(rows.astype(rows.dtype.newbyteorder("<"), copy=False).data)
        pixels = rows.reshape(-1, rows.shape[2])
        where = slice(start, start + len(rows))
        self.zero_pixels[where] = ~rows.any(axis=2)
        values = pixels.astype(np.float64)
        missing = is_missing(pixels, self.nodata) if self.may_miss else None
        if missing is not None and missing.any():
            self.missing_bands += missing.sum(axis=0)
            self.missing_pixels[where] = missing.sum(axis=1).reshape(rows.shape[:2])
            values[missing] = np.nan
            self.count += (~missing).sum(axis=0)
            low, high = np.fmin.reduce(values), np.fmax.reduce(values)
        else:
            missing = None
            self.count += len(pixels)
            low, high = pixels.min(axis=0), pixels.max(axis=0)
        first = -(start * rows.shape[1]) % self.step
        self.samples.append(values[first :: self.step].astype(np.float32))
        self._add_extremes(low, high, values)
        self._add_moments(values, missing)

    def _add_extremes(self, low: NDArray[Any], high: NDArray[Any], values: NDArray[np.float64]) -> None:
        self.low, self.high = np.fmin(self.low, low), np.fmax(self.high, high)
        if np.fmin.reduce(low) < 0:
            self.negatives += int(np.count_nonzero(values < 0))
        top, highest = float(np.fmax.reduce(self.high)), float(np.fmax.reduce(high))
        if top > self.top:
            self.top, self.ceiling = top, 0
        if highest == self.top:
            self.ceiling += int(np.count_nonzero(values == top))

    def _add_moments(self, values: NDArray[np.float64], missing: NDArray[np.bool_] | None) -> None:
        if self.shift is None:  # sums around a first guess of the mean lose no digits
            self.shift = np.nan_to_num(np.fmin.reduce(values))
        values -= self.shift
        if missing is not None:
            values[missing] = 0.0
        self.total += values.sum(axis=0)
        self.squares += np.einsum("nb,nb->b", values, values)

    def result(self) -> Measurement:
        assert self.shift is not None
        count = np.maximum(self.count, 1)
        offset = self.total / count
        nothing = self.count == 0
        return Measurement(
            shape=(self.shape[0], self.shape[1], self.shape[2]),
            mean=np.where(nothing, np.nan, self.shift + offset),
            std=np.where(nothing, np.nan, np.sqrt(np.maximum(self.squares / count - offset**2, 0.0))),
            low=np.where(nothing, np.nan, self.low),
            high=np.where(nothing, np.nan, self.high),
            missing_bands=self.missing_bands,
            missing_pixels=self.missing_pixels,
            zero_pixels=self.zero_pixels,
            negatives=self.negatives,
            ceiling=self.ceiling,
            sample=np.concatenate(self.samples),
            fingerprint=self.digest.hexdigest(),
        )


def noise_of(sample: NDArray[np.float32], usable: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Noise of each band, and the share of its variance that its neighbours explain.

    Each band is regressed on the usable bands before and after it; what they do not explain is noise (R. Roger and
    J. Arnold, International Journal of Remote Sensing 17(10), 1996).

    Args:
        sample: (N, B) pixels; those with missing values are left out.
        usable: (B,) bands that are not constant.

    Returns:
        (B,) noise as standard deviation, NaN for other bands, and (B,) explained share from 0 to 1.
    """
    noise, explained = np.full(len(usable), np.nan), np.full(len(usable), np.nan)
    bands = np.flatnonzero(usable)
    values = sample[:, bands].astype(np.float64)
    values = values[np.isfinite(values).all(axis=1)]
    if len(bands) < 3 or len(values) < 12:
        return noise, explained
    values -= values.mean(axis=0)
    products = values.T @ values
    for position, band in enumerate(bands):
        beside = [other for other in (position - 1, position + 1) if 0 <= other < len(bands)]
        shared = products[beside, position]
        # Equal neighbours make the system singular; least squares takes any of the equal answers.
        weights = np.linalg.lstsq(products[np.ix_(beside, beside)], shared, rcond=None)[0]
        variance = float(products[position, position])
        left = max(0.0, variance - float(shared @ weights))
        noise[band] = np.sqrt(left / max(1, len(values) - len(beside) - 1))
        explained[band] = 1 - left / variance if variance > 0 else np.nan
    return noise, explained
