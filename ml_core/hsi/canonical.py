"""Any cube of any sensor in one form: a common spectral axis, principal components, half whitened.

Half whitening divides a component by the fourth root of its variance. No whitening loses spectral anomalies behind
brightness, full whitening drowns contrast in noise; between them lies the best of three that were measured
(docs/hsi.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import CodedError

_BLOCK_BYTES = 16 * 2**20
_LEAST_VARIANCE = 1e-10  # of the strongest component: below it lies nothing but rounding


class SceneError(CodedError):
    """A cube holds nothing that a detector could work on."""

    default_code = "hsi.scene"


@dataclass(frozen=True)
class CanonicalSettings:
    """How spectra are made comparable.

    Attributes:
        num_bands: Length of the common spectral axis.
        components: Principal components that are kept; zero where a scene has fewer.
        low_nm, high_nm: Ends of the common axis where wavelengths are known; clipped to what the sensor sees.
    """

    num_bands: int = 96
    components: int = 16
    low_nm: float = 400.0
    high_nm: float = 2500.0


@dataclass(frozen=True)
class CanonicalScene:
    """A scene as tokenizer, encoder and heads take it.

    Attributes:
        coordinates: (H, W, C) float32, half-whitened principal components, strongest first. Their mean over the scene
            is zero, and spectra made of them have mean power 1.
        variances: (C,) float64, variances of ``coordinates``; zero for components that the scene does not have.
        basis: (C, num_bands) float32, orthonormal rows (zero for missing components).
        axis: (num_bands,) float64, wavelengths in nanometres, or positions 0..1 along the bands when unknown.
        used_bands: (B,) bool, bands that took part: finite, not constant, not excluded.
        missing: (H, W) bool, pixels without a value in some used band, where the mean stands instead; None when
            there are none.
    """

    coordinates: NDArray[np.float32]
    variances: NDArray[np.float64]
    basis: NDArray[np.float32]
    axis: NDArray[np.float64]
    used_bands: NDArray[np.bool_]
    missing: NDArray[np.bool_] | None = None

    def spectra(self, rows: slice = slice(None)) -> NDArray[np.float32]:
        """Half-whitened spectra of some rows on the common axis: (rows, W, num_bands) float32, mean power 1."""
        return self.coordinates[rows] @ self.basis


def canonicalise(
    cube: NDArray[Any],
    *,
    wavelengths: NDArray[np.float64] | None = None,
    good_bands: NDArray[np.bool_] | None = None,
    settings: CanonicalSettings | None = None,
) -> CanonicalScene:
    """Bring a cube into the common form, reading it in blocks of rows, three times.

    Values that are not finite count as the mean of their band. Signs of components are fixed: the largest weight of
    each is positive.

    Args:
        cube: (H, W, B) of any real type, possibly mapped from a file.
        wavelengths: (B,) nanometres; bands are placed by their index when unknown.
        good_bands: (B,) bool, bands that may be used; all when None.
        settings: Length of the axis and number of components.

    Raises:
        SceneError: No band is left that varies.
    """
    settings = settings or CanonicalSettings()
    allowed = np.ones(cube.shape[2], dtype=bool) if good_bands is None else np.asarray(good_bands, dtype=bool)
    mean, covariance, known = _moments(cube)
    variance = np.diag(covariance)
    used = allowed & known & (variance > _LEAST_VARIANCE * max(float(variance[allowed].max(initial=0.0)), 1e-30))
    if not used.any():
        raise SceneError(
            "No band of the scene varies from pixel to pixel.",
            code="hsi.scene_flat",
            hint="Look at the cube: it may be empty, hold a single value, or have all its bands excluded.",
        )
    positions, axis = _axis(wavelengths, used, settings)
    to_axis = resampling_matrix(positions, axis)
    rotation, variances = _components(to_axis.T @ covariance[np.ix_(used, used)] @ to_axis, settings.components)
    scale, half = _half_whitening(variances, settings.num_bands)
    projection = np.zeros((cube.shape[2], settings.components))
    projection[used] = to_axis @ rotation * scale
    coordinates, missing = _project(cube, mean, projection.astype(np.float32), used)
    return CanonicalScene(
        coordinates=coordinates,
        variances=half,
        basis=np.ascontiguousarray(rotation.T, dtype=np.float32),
        axis=axis,
        used_bands=used,
        missing=missing,
    )


def resampling_matrix(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights (sources, targets) that carry spectra from one axis to another; every column sums to one.

    Linear interpolation where the target is finer. Where it is coarser, a triangle as wide as its step averages the
    bands under it, so that none is skipped.
    """
    order = np.argsort(source, kind="stable")
    points = source[order]
    if points.size == 1:
        return np.ones((1, target.size))
    step = float(np.abs(np.diff(target)).max(initial=0.0))
    right = np.clip(np.searchsorted(points, target), 1, points.size - 1)
    width = np.maximum(points[right] - points[right - 1], step)
    width = np.maximum(width, 1e-12)
    inside = np.clip(target, points[0], points[-1])
    weights = np.maximum(1.0 - np.abs(points[:, None] - inside[None]) / width[None], 0.0)
    matrix = np.zeros_like(weights)
    matrix[order] = weights / weights.sum(axis=0)
    return matrix


def _axis(
    wavelengths: NDArray[np.float64] | None, used: NDArray[np.bool_], settings: CanonicalSettings
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places of the used bands, and the common axis: by wavelength where known and inside the axis, else by index."""
    if wavelengths is not None:
        known = np.asarray(wavelengths, dtype=np.float64)[used]
        low, high = max(settings.low_nm, float(known.min())), min(settings.high_nm, float(known.max()))
        if np.isfinite(known).all() and low < high:
            return known, np.linspace(low, high, settings.num_bands)
    index = np.flatnonzero(used)
    positions = np.arange(index.size) / max(index.size - 1, 1)
    return positions, np.linspace(0.0, 1.0, settings.num_bands)


def _components(covariance: NDArray[np.float64], components: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The strongest principal axes as columns (bands, components), and their variances; zeros for those missing."""
    values, vectors = np.linalg.eigh(covariance)
    count = min(components, values.size)
    values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
    values = np.where(values > _LEAST_VARIANCE * values[0], values, 0.0)
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(count)]
    vectors = vectors * np.where(largest < 0, -1.0, 1.0) * (values > 0)
    padding = components - count
    return np.pad(vectors, ((0, 0), (0, padding))), np.pad(values, (0, padding))


def _half_whitening(variances: NDArray[np.float64], num_bands: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Factors of the components, and the variances they end with."""
    present = variances > 0
    quarter = np.where(present, variances, 1.0) ** -0.25 * present
    power = float((quarter**2 * variances).sum()) / num_bands
    scale = quarter / np.sqrt(power)
    return scale, scale**2 * variances


def _moments(cube: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Mean (B,), covariance (B, B) of the finite values, and which bands are known in most of the pixels
    of which anything is known."""
    bands = cube.shape[2]
    total, finite = np.zeros(bands), np.zeros(bands, dtype=np.int64)
    for rows in row_blocks(cube.shape):
        block = cube[rows].reshape(-1, bands).astype(np.float64)
        known = np.isfinite(block)
        finite += known.sum(axis=0)
        total += np.where(known, block, 0.0).sum(axis=0)
    mean = total / np.maximum(finite, 1)
    second = np.zeros((bands, bands))
    for rows in row_blocks(cube.shape):
        block = cube[rows].reshape(-1, bands) - mean
        if cube.dtype.kind == "f":
            block[~np.isfinite(block)] = 0.0
        second += block.T @ block
    # Exact where bands miss the same pixels, as in a border without data, and positive in any case.
    weight = np.maximum(finite, 1) ** -0.5
    return mean, second * weight[:, None] * weight, finite * 2 >= max(int(finite.max()), 1)


def _project(
    cube: NDArray[Any], mean: NDArray[np.float64], projection: NDArray[np.float32], used: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    """Coordinates (H, W, C), and (H, W) which pixels miss a value of a used band; None when none does."""
    height, width, bands = cube.shape
    found = np.empty((height, width, projection.shape[1]), dtype=np.float32)
    missing = np.zeros((height, width), dtype=bool)
    for rows in row_blocks(cube.shape):
        block = (cube[rows].reshape(-1, bands) - mean).astype(np.float32)
        if cube.dtype.kind == "f":
            unknown = ~np.isfinite(block)
            block[unknown] = 0.0
            missing[rows] = unknown[:, used].any(axis=1).reshape(-1, width)
        found[rows] = (block @ projection).reshape(-1, width, projection.shape[1])
    return found, missing if missing.any() else None


def row_blocks(shape: tuple[int, ...], block_bytes: int = _BLOCK_BYTES) -> Iterator[slice]:
    """Slices of rows that hold about ``block_bytes`` when their values are float64."""
    height, width, bands = shape
    step = max(1, block_bytes // (8 * width * bands))
    for start in range(0, height, step):
        yield slice(start, min(start + step, height))
