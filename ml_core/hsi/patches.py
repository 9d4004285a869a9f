"""Square patches of a cube that cover every pixel, their scores averaged back to a map, and normalised cubes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ml_core.errors import CodedError

_BLOCK_VALUES = 1 << 24  # values that a pass over a mapped cube holds at a time


class PatchError(CodedError):
    """Patches cannot be cut from this cube, or do not fit this map."""

    default_code = "hsi.patches"


class HSIPatchExtractor:
    """Cuts square patches out of a cube.

    The last row and column of patches are moved in so that they end at the border: every pixel lies in at least one
    patch whatever the stride. A scene smaller than a patch is mirrored at its lower and right border until one patch
    fits; `padded_shape` tells of it, and `PatchAverage` leaves the mirrored pixels out again.

    Args:
        patch_size: Side S of a patch in pixels.
        stride: Distance of neighbouring patches in pixels; half a patch when not given.

    Raises:
        PatchError: Size or stride is less than 1, or the stride is longer than the patch, which would leave gaps.
    """

    def __init__(self, patch_size: int, stride: int | None = None) -> None:
        self.patch_size = patch_size
        self.stride = max(1, patch_size // 2) if stride is None else stride
        if patch_size < 1 or not 1 <= self.stride <= patch_size:
            raise PatchError(
                f"Patches of {patch_size} pixels at a stride of {self.stride} leave gaps.",
                hint="Choose a stride from 1 to the patch size.",
                where="stride",
            )

    def padded_shape(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns after mirroring; the scene's own unless it is smaller than a patch."""
        return max(height, self.patch_size), max(width, self.patch_size)

    def coordinates(self, height: int, width: int) -> NDArray[np.int64]:
        """(N, 2) row and column of the upper left pixel of every patch, row by row."""
        rows, columns = (self._starts(length) for length in self.padded_shape(height, width))
        return np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)

    def _starts(self, length: int) -> NDArray[np.int64]:
        last = length - self.patch_size
        starts = list(range(0, last + 1, self.stride))
        return np.array(starts if starts[-1] == last else [*starts, last], dtype=np.int64)

    def extract_patches(self, cube: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """All patches of a cube at once.

        Args:
            cube: (H, W, B), any type, kept.

        Returns:
            Patches (N, B, S, S) and their upper left corners (N, 2).

        Raises:
            PatchError: The cube is not three-dimensional, or is empty.
        """
        windows = self._windows(cube)
        coords = self.coordinates(cube.shape[0], cube.shape[1])
        return np.ascontiguousarray(windows[coords[:, 0], coords[:, 1]]), coords

    def iterate(self, cube: NDArray[Any], batch_size: int) -> Iterator[tuple[NDArray[Any], NDArray[np.int64]]]:
        """The same patches, ``batch_size`` at a time; of a mapped cube only what a batch needs is read."""
        windows = self._windows(cube)
        coords = self.coordinates(cube.shape[0], cube.shape[1])
        for start in range(0, len(coords), batch_size):
            part = coords[start : start + batch_size]
            yield np.ascontiguousarray(windows[part[:, 0], part[:, 1]]), part

    def _windows(self, cube: NDArray[Any]) -> NDArray[Any]:
        if cube.ndim != 3 or 0 in cube.shape:
            raise PatchError(
                f"A cube has rows, columns and bands, but this one has the shape {cube.shape}.",
                hint="Give an array of shape (H, W, B).",
                where="cube",
            )
        height, width = self.padded_shape(cube.shape[0], cube.shape[1])
        missing = (height - cube.shape[0], width - cube.shape[1])
        if any(missing):
            cube = np.pad(cube, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="reflect")
        return sliding_window_view(cube, (self.patch_size, self.patch_size), axis=(0, 1))  # type: ignore[call-overload,no-any-return]


class PatchAverage:
    """The mean, at every pixel, of the scores of all patches that cover it.

    Args:
        height: Rows of the map.
        width: Columns of the map.
        patch_size: Side of the patches.
    """

    def __init__(self, height: int, width: int, patch_size: int) -> None:
        self._shape = (height, width)
        self._size = patch_size
        padded = (max(height, patch_size), max(width, patch_size))
        self._totals = np.zeros(padded, dtype=np.float64)
        self._counts = np.zeros(padded, dtype=np.int64)

    def add(self, scores: NDArray[Any], coords: NDArray[np.int64]) -> None:
        """Note scores.

        Args:
            scores: (N,) one for each patch, or (N, S, S) one for each of its pixels.
            coords: (N, 2) upper left corners, as `HSIPatchExtractor` gives them.
        """
        rows, columns = coords[:, 0], coords[:, 1]
        for down in range(self._size):
            for right in range(self._size):
                here = scores if scores.ndim == 1 else scores[:, down, right]
                place = (rows + down, columns + right)
                np.add.at(self._totals, place, here)
                np.add.at(self._counts, place, 1)

    def result(self) -> NDArray[np.float32]:
        """The map (H, W).

        Raises:
            PatchError: Some pixel lies in no patch.
        """
        height, width = self._shape
        counts = self._counts[:height, :width]
        if not counts.all():
            raise PatchError(
                f"{int((counts == 0).sum())} pixels lie in no patch.",
                hint="Add the scores of every patch of the scene.",
                where="coords",
            )
        return (self._totals[:height, :width] / counts).astype(np.float32)


def normalize_cube(cube: NDArray[Any], method: Literal["minmax", "zscore"] = "minmax") -> NDArray[np.float32]:
    """Bring every band to one scale.

    ``minmax`` maps the least and greatest value of a band to 0 and 1; ``zscore`` gives it mean 0 and standard
    deviation 1. A constant band becomes 0. A value that is not finite takes no part in the statistics and becomes what
    the mean of its band becomes.

    Args:
        cube: (H, W, B), any real type; read in blocks of rows.

    Returns:
        (H, W, B) float32.

    Raises:
        PatchError: The method is unknown.
    """
    if method not in ("minmax", "zscore"):
        raise PatchError(f'"{method}" is no normalisation.', hint="Choose minmax or zscore.", where="method")
    counts, means, deviations, least, greatest = _band_statistics(cube)
    offset = least if method == "minmax" else means
    spread = greatest - least if method == "minmax" else deviations
    is_constant = (counts == 0) | (greatest <= least)
    factor = np.where(is_constant, 0.0, 1.0 / np.where(is_constant, 1.0, spread))
    normalised = np.empty(cube.shape, dtype=np.float32)
    for rows in _row_blocks(cube):
        block = cube[rows].astype(np.float64)
        filled = np.where(np.isfinite(block), block, means)
        normalised[rows] = (filled - offset) * factor
    return normalised


def _row_blocks(cube: NDArray[Any]) -> Iterator[slice]:
    step = max(1, _BLOCK_VALUES // max(1, cube.shape[1] * cube.shape[2]))
    for start in range(0, cube.shape[0], step):
        yield slice(start, min(start + step, cube.shape[0]))


def _band_statistics(cube: NDArray[Any]) -> tuple[NDArray[np.float64], ...]:
    """Count, mean, standard deviation, least and greatest finite value of each band; zeros where there is none."""
    bands = cube.shape[2]
    counts, sums, squares = np.zeros(bands), np.zeros(bands), np.zeros(bands)
    least, greatest = np.full(bands, np.inf), np.full(bands, -np.inf)
    for rows in _row_blocks(cube):
        block = cube[rows].astype(np.float64)
        finite = np.isfinite(block)
        counts += finite.sum((0, 1))
        sums += np.where(finite, block, 0.0).sum((0, 1))
        least = np.minimum(least, np.where(finite, block, np.inf).min((0, 1)))
        greatest = np.maximum(greatest, np.where(finite, block, -np.inf).max((0, 1)))
    means = sums / np.maximum(counts, 1)
    for rows in _row_blocks(cube):  # a second pass: the difference of squares would lose digits
        block = cube[rows].astype(np.float64)
        squares += np.where(np.isfinite(block), (block - means) ** 2, 0.0).sum((0, 1))
    is_empty = counts == 0
    deviations = np.sqrt(squares / np.maximum(counts, 1))
    return counts, means, deviations, np.where(is_empty, 0.0, least), np.where(is_empty, 0.0, greatest)
