"""Local RX: the Mahalanobis distance of every spectrum to the ring of background around it.

I. S. Reed, X. Yu, "Adaptive Multiple-Band CFAR Detection of an Optical Pattern with Unknown Spectral Distribution",
IEEE Transactions on Acoustics, Speech, and Signal Processing 38(10), 1990, doi 10.1109/29.60107; with the dual window
that later work uses, on principal components, because a ring holds too few pixels for the covariance of all bands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ml_core.hsi.classic.detector import Floats, Map, Progress, part, silent
from ml_core.hsi.classic.parameters import LocalRXParameters
from ml_core.hsi.classic.pixels import measure
from ml_core.hsi.classic.windows import Axis, axes_of, box_sums
from ml_core.hsi.scene import Scene

#: Side of a tile. Bounds the memory for the products of components; what is scored does not depend on it.
_TILE: Final = 48

#: Added to the local variances, in units of the scene's: below it a local variance is rounding, not background.
_LOADING: Final = 1e-6


class LocalRX:
    """(x - mean)^T covariance^-1 (x - mean), with the mean and covariance of the ring, on whitened components."""

    name: ClassVar[str] = "local_rx"

    def __init__(self, parameters: LocalRXParameters | None = None, tile: int = _TILE) -> None:
        self.parameters = parameters or LocalRXParameters()
        self.tile = tile

    def detect(
        self,
        scene: Scene | NDArray[Any],
        *,
        good_bands: NDArray[np.bool_] | None = None,
        progress: Progress | None = None,
        seed: int = 0,
    ) -> Map:
        """See ``Detector.detect``. Reads the scene twice and keeps its components, 4 bytes each a pixel."""
        progress = progress or silent
        pixels = measure(scene, good_bands, part(progress, 0, 0.1))
        axes, variances = pixels.principal_axes(self.parameters.components)
        rows, columns = axes_of(
            pixels.height, pixels.width, self.parameters.inner, self.parameters.outer, least=len(variances) + 2
        )
        white = pixels.project(axes / np.sqrt(variances), part(progress, 0.1, 0.2))
        scores = np.empty((pixels.height, pixels.width), dtype=np.float32)
        tell = part(progress, 0.2, 1)
        # Threads within matrices this small wait for each other longer than they work.
        with threadpool_limits(1, "blas"):
            for top, bottom in _spans(pixels.height, self.tile):
                for left, right in _spans(pixels.width, self.tile):
                    scores[top:bottom, left:right] = _score_tile(white, rows, columns, (top, bottom), (left, right))
                    tell((top + (bottom - top) * right / pixels.width) / pixels.height)
        return pixels.finish(scores)


def _spans(length: int, step: int) -> Iterator[tuple[int, int]]:
    for start in range(0, length, step):
        yield start, min(start + step, length)


def _score_tile(
    white: NDArray[np.float32], rows: Axis, columns: Axis, vertical: tuple[int, int], horizontal: tuple[int, int]
) -> Floats:
    count = white.shape[2]
    top, left = rows.outer_starts(*vertical)[0], columns.outer_starts(*horizontal)[0]
    bottom = rows.outer_starts(*vertical)[-1] + rows.outer
    right = columns.outer_starts(*horizontal)[-1] + columns.outer
    tile = white[top:bottom, left:right].astype(np.float64)
    first, second = np.triu_indices(count)
    # Leading axis = what is summed, so that every sum runs over contiguous planes.
    values = np.moveaxis(tile, 2, 0)
    planes = np.concatenate([values, values[first] * values[second]])

    def sums(sides: tuple[int, int], starts: tuple[NDArray[np.intp], NDArray[np.intp]]) -> Floats:
        boxes = box_sums(box_sums(planes, sides[0], 1), sides[1], 2)
        return boxes[:, starts[0] - top][:, :, starts[1] - left]

    ring = sums((rows.outer, columns.outer), (rows.outer_starts(*vertical), columns.outer_starts(*horizontal)))
    ring -= sums((rows.inner, columns.inner), (rows.guard_starts(*vertical), columns.guard_starts(*horizontal)))
    pixels = rows.outer * columns.outer - rows.inner * columns.inner
    mean = np.moveaxis(ring[:count], 0, 2) / pixels
    products = np.moveaxis(ring[count:], 0, 2)
    covariance = np.empty((*mean.shape, count))
    covariance[..., first, second] = products
    covariance[..., second, first] = products
    covariance -= pixels * mean[..., :, None] * mean[..., None, :]
    covariance /= pixels - 1
    covariance[..., range(count), range(count)] += _LOADING
    inside = (slice(vertical[0] - top, vertical[1] - top), slice(horizontal[0] - left, horizontal[1] - left))
    distance = tile[inside] - mean
    solved = np.linalg.solve(covariance, distance[..., None])[..., 0]
    result: Floats = np.einsum("ijk,ijk->ij", distance, solved)
    return result
