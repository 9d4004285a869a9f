"""Collaborative representation: what the ring of background around a pixel cannot explain of it.

W. Li, Q. Du, "Collaborative Representation for Hyperspectral Anomaly Detection", IEEE Transactions on Geoscience and
Remote Sensing 53(3), 2015, doi 10.1109/TGRS.2014.2343955.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits

from ml_core.hsi.classic.detector import Floats, Integers, Map, Progress, part, silent
from ml_core.hsi.classic.parameters import CRDParameters
from ml_core.hsi.classic.pixels import Pixels, measure
from ml_core.hsi.classic.windows import Axis, axes_of
from ml_core.hsi.scene import Scene

#: Neighbours in a row whose windows share one matrix of inner products: more of them share more, but the matrix then
#: leaves the cache.
_RUN: Final = 8

#: Added to the diagonal, as a share of it, where background spectra are so alike that the equations are singular.
_JITTER: Final = 1e-9


class CRD:
    """|y - X a| with a = (X^T X + ridge * diag|y - x_i|^2)^-1 X^T y, X the spectra of the ring (equations 6 to 8).

    Spectra are brought to unit mean power, so that ``ridge`` means the same for every sensor.
    """

    name: ClassVar[str] = "crd"

    def __init__(self, parameters: CRDParameters | None = None) -> None:
        self.parameters = parameters or CRDParameters()

    def detect(
        self,
        scene: Scene | NDArray[Any],
        *,
        good_bands: NDArray[np.bool_] | None = None,
        progress: Progress | None = None,
        seed: int = 0,
    ) -> Map:
        """See ``Detector.detect``. Reads the scene twice, the second time as many rows at once as the window has."""
        progress = progress or silent
        pixels = measure(scene, good_bands, part(progress, 0, 0.05))
        rows, columns = axes_of(pixels.height, pixels.width, self.parameters.inner, self.parameters.outer, least=1)
        scores = np.empty((pixels.height, pixels.width), dtype=np.float32)
        scale = _scale(pixels)
        tell = part(progress, 0.05, 1)
        band = _Band(pixels, rows.outer, scale)
        # Threads within products this small wait for each other longer than they work.
        with threadpool_limits(1, "blas"):
            for row in range(pixels.height):
                top = int(rows.outer_starts(row, row + 1)[0])
                guard = int(rows.guard_starts(row, row + 1)[0]) - top
                scores[row] = _score_row(band.rows_from(top), row - top, guard, rows, columns, self.parameters.ridge)
                tell((row + 1) / pixels.height)
        return pixels.finish(scores)


def _scale(pixels: Pixels) -> float:
    power = np.mean(pixels.mean**2 + np.diag(pixels.covariance))
    return float(1 / np.sqrt(power))


class _Band:
    """The rows under the window, each read from the cube once as the window moves down."""

    def __init__(self, pixels: Pixels, height: int, scale: float) -> None:
        self._pixels, self._height, self._scale = pixels, height, scale
        self._top = 0
        self._rows = pixels.rows(0, height) * scale

    def rows_from(self, top: int) -> Floats:
        """(height, W, K) from row ``top``, which is that of the last call or the next."""
        while self._top < top:
            self._rows = np.roll(self._rows, -1, axis=0)
            bottom = self._top + self._height
            self._rows[-1] = self._pixels.rows(bottom, bottom + 1)[0] * self._scale
            self._top += 1
        return self._rows


def _score_row(band: Floats, row: int, guard_row: int, rows: Axis, columns: Axis, ridge: float) -> NDArray[np.float64]:
    """Residuals (W,) of one row of the scene, which is ``row`` in the band (outer, W, K) under its windows."""
    outer_starts = columns.outer_starts(0, columns.length)
    guard_starts = columns.guard_starts(0, columns.length)
    scores = np.empty(columns.length)
    for first in range(0, columns.length, _RUN):
        last = min(first + _RUN, columns.length)
        left, right = int(outer_starts[first]), int(outer_starts[last - 1]) + columns.outer
        width = right - left
        spectra = band[:, left:right].reshape(rows.outer * width, -1)
        products = spectra @ spectra.T
        weights = np.zeros((last - first, len(spectra)))
        own = row * width + np.arange(first - left, last - left)
        for column in range(first, last):
            start, guard = int(outer_starts[column]), int(guard_starts[column])
            ring, pairs = _ring(rows, columns, width, start - left, guard_row, guard - start)
            weights[column - first, ring] = _coefficients(products, ring, pairs, int(own[column - first]), ridge)
        scores[first:last] = np.linalg.norm(spectra[own] - weights @ spectra, axis=1)
    return scores


@lru_cache(maxsize=64)
def _ring(
    rows: Axis, columns: Axis, width: int, left: int, guard_row: int, guard_column: int
) -> tuple[Integers, Integers]:
    """Positions of the ring's N pixels in a block of that width, and of their N * N products in its matrix."""
    inside = np.zeros((rows.outer, width), dtype=bool)
    inside[:, left : left + columns.outer] = True
    inside[guard_row : guard_row + rows.inner, left + guard_column : left + guard_column + columns.inner] = False
    ring = np.flatnonzero(inside)
    return ring, (ring[:, None] * inside.size + ring).ravel()


def _coefficients(products: Floats, ring: Integers, pairs: Integers, own: int, ridge: float) -> Floats:
    """Weights (N,) of the ring's spectra that explain spectrum ``own`` best at the least penalty."""
    projections = products[own, ring]
    squared_distances = np.maximum(products[ring, ring] + products[own, own] - 2 * projections, 0)
    gram = products.take(pairs).reshape(len(ring), len(ring))
    gram.ravel()[:: len(ring) + 1] += ridge * squared_distances
    # Of a symmetric matrix the transposed view is the one that LAPACK can overwrite without a copy.
    _, weights, failed = lapack.dposv(gram.T, projections, lower=1, overwrite_a=1)
    if failed:
        gram = products.take(pairs).reshape(len(ring), len(ring))
        diagonal = gram.ravel()[:: len(ring) + 1]
        diagonal += ridge * squared_distances + _JITTER * (diagonal.max() or 1.0)
        _, weights, _ = lapack.dposv(gram.T, projections, lower=1, overwrite_a=1)
    result: Floats = weights
    return result
