"""Streaming access to a cube: its statistics, and its rows with bad bands left out and missing pixels filled.

The cube is read in blocks of rows, so that one mapped from a file never lies in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from ml_core.hsi.canonical import SceneError
from ml_core.hsi.classic.detector import Floats, Integers, Map, Progress, silent
from ml_core.hsi.scene import Scene

#: float64 bytes of one block of rows: large enough for fast products, small beside the memory of any machine.
_BLOCK_BYTES: Final = 32 * 2**20


@dataclass(frozen=True)
class Pixels:
    """A cube as detectors read it.

    Attributes:
        cube: (H, W, B), any real type.
        bands: (K,) positions of the bands in use: allowed, present and not constant.
        mean: (K,) over the pixels that are whole.
        covariance: (K, K) over the same, divided by their number minus one.
        missing: (H, W) bool, pixels with a value that is not finite in a band in use, and those that the scene calls
            invalid; None where all are whole.
        whole: Number of pixels that are whole.
    """

    cube: NDArray[Any]
    bands: Integers
    mean: Floats
    covariance: Floats
    missing: NDArray[np.bool_] | None
    whole: int

    @property
    def height(self) -> int:
        """Rows of the scene."""
        return int(self.cube.shape[0])

    @property
    def width(self) -> int:
        """Columns of the scene."""
        return int(self.cube.shape[1])

    def rows(self, start: int, stop: int) -> Floats:
        """Rows as (rows, W, K) float64; where a value is not finite, the pixel holds the mean."""
        block = _take(self.cube, start, stop, self.bands)
        if self.missing is not None:
            missing = self.missing[start:stop]
            spectra = block[missing]
            spectra[~np.isfinite(spectra).all(axis=1)] = self.mean
            block[missing] = spectra
        return block

    def project(self, weights: Floats, progress: Progress = silent) -> NDArray[np.float32]:
        """(H, W, C) float32: centred spectra times ``weights`` (K, C), block by block."""
        out = np.empty((self.height, self.width, weights.shape[1]), dtype=np.float32)
        for start, stop in row_blocks(self.cube.shape):
            out[start:stop] = (self.rows(start, stop) - self.mean) @ weights
            progress(stop / self.height)
        return out

    def finish(self, scores: NDArray[Any]) -> Map:
        """The map as float32, with the least score where values are missing."""
        result = scores.astype(np.float32, copy=False)
        if self.missing is not None:
            result[self.missing] = result[~self.missing].min()
        return result

    def principal_axes(self, count: int) -> tuple[Floats, Floats]:
        """The strongest axes of the covariance.

        Returns:
            (K, C) orthonormal columns whose largest weight is positive, and their (C,) variances, falling. Fewer than
            ``count`` where the scene has no more that vary.
        """
        variances, axes = linalg.eigh(self.covariance)
        variances, axes = variances[::-1], axes[:, ::-1]
        known = variances > variances[0] * len(variances) * np.finfo(np.float64).eps
        kept = min(count, int(np.count_nonzero(known)))
        axes = axes[:, :kept]
        largest = np.abs(axes).argmax(axis=0)
        return axes * np.sign(axes[largest, np.arange(kept)]), variances[:kept]


def row_blocks(shape: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Ranges of rows that cover a cube (H, W, B), a bounded number of bytes each."""
    height, width, bands = shape
    step = max(1, _BLOCK_BYTES // (8 * width * bands))
    for start in range(0, height, step):
        yield start, min(start + step, height)


def measure(
    scene: Scene | NDArray[Any], good_bands: NDArray[np.bool_] | None = None, progress: Progress = silent
) -> Pixels:
    """Read a scene once (twice where its type can hold missing values) for its mean and covariance.

    A band that is missing in more than half of the pixels is left out; of the others, a pixel that lacks any is
    left out, as are pixels that the scene calls invalid.

    Raises:
        SceneError: ``hsi.scene_flat`` when no band varies, ``hsi.scene_missing`` when fewer than two pixels are whole.
    """
    cube = scene.cube if isinstance(scene, Scene) else scene
    if cube.ndim != 3 or not cube.size:
        raise SceneError(
            f"A cube has rows, columns and bands, but this array has the shape {cube.shape}.",
            code="hsi.scene_shape",
            hint="Pass an array of shape (rows, columns, bands).",
        )
    if good_bands is None and isinstance(scene, Scene):
        good_bands = scene.good_bands
    allowed = np.arange(cube.shape[2]) if good_bands is None else np.flatnonzero(good_bands)
    bands, missing = _find_missing(cube, allowed)
    if isinstance(scene, Scene) and scene.invalid is not None and scene.invalid.any():
        missing = scene.invalid if missing is None else missing | scene.invalid
    whole = cube.shape[0] * cube.shape[1] - (0 if missing is None else int(np.count_nonzero(missing)))
    if whole < 2 or len(bands) == 0 < len(allowed):
        raise SceneError(
            "Fewer than two pixels of the scene have a value in every band.",
            code="hsi.scene_missing",
            hint="Exclude the bands that hold missing values.",
        )
    if len(bands):
        mean, covariance = _moments(cube, bands, missing, whole, progress)
        varies = np.diag(covariance) > 0
    if not len(bands) or not varies.any():
        raise SceneError(
            "No band of the scene varies from pixel to pixel.",
            code="hsi.scene_flat",
            hint="Look at the cube: it may be empty, hold a single value, or have all its bands excluded.",
        )
    return Pixels(cube, bands[varies], mean[varies], covariance[np.ix_(varies, varies)], missing, whole)


def _take(cube: NDArray[Any], start: int, stop: int, bands: Integers) -> Floats:
    block = cube[start:stop]
    if len(bands) < cube.shape[2]:
        block = block[..., bands]
    return np.array(block, dtype=np.float64)


def _find_missing(cube: NDArray[Any], bands: Integers) -> tuple[Integers, NDArray[np.bool_] | None]:
    if not np.issubdtype(cube.dtype, np.floating):
        return bands, None
    absent = np.zeros(len(bands), dtype=np.int64)
    for start, stop in row_blocks(cube.shape):
        block = cube[start:stop][..., bands]
        absent += np.count_nonzero(~np.isfinite(block), axis=(0, 1))
    bands = bands[2 * absent <= cube.shape[0] * cube.shape[1]]
    if not absent.any():
        return bands, None
    missing = np.empty(cube.shape[:2], dtype=bool)
    for start, stop in row_blocks(cube.shape):
        missing[start:stop] = ~np.isfinite(cube[start:stop][..., bands]).all(axis=2)
    return bands, missing if missing.any() else None


def _moments(
    cube: NDArray[Any], bands: Integers, missing: NDArray[np.bool_] | None, whole: int, progress: Progress
) -> tuple[Floats, Floats]:
    """Mean and covariance; sums are taken about one pixel, so that a constant band has exactly no variance."""
    first = 0 if missing is None else int(np.argmin(missing))
    origin = cube[first // cube.shape[1], first % cube.shape[1], bands].astype(np.float64)
    total = np.zeros(len(bands))
    products = np.zeros((len(bands), len(bands)))
    for start, stop in row_blocks(cube.shape):
        block = _take(cube, start, stop, bands).reshape(-1, len(bands))
        if missing is not None:
            block = block[~missing[start:stop].ravel()]
        block -= origin
        total += block.sum(axis=0)
        products += block.T @ block
        progress(stop / cube.shape[0])
    shift = total / whole
    return origin + shift, (products - whole * np.outer(shift, shift)) / (whole - 1)
