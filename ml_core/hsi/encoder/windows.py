"""Windows of a token map around blocks that are to be predicted, near and wide.

A window has 15 x 15 tokens, s pixels apart; the block in it is hidden and predicted from the rest. With s = 1 it
answers targets of a few pixels; with s = 2 and 4 the same model sees the same picture from further away, so that larger
targets are hidden whole. No size has to be set by hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_core.hsi.tokenizer.token_map import TokenMap


@dataclass(frozen=True)
class WindowLayout:
    """Sizes of windows, in tokens.

    Attributes:
        side: Side of a window.
        block: Side of the hidden block.
        strides: Pixels between neighbouring tokens; those for which a scene is too small are left out.
        halo: Reach of the spatial tokenizer in pixels. Spatial tokens that near to the block would give it away.
    """

    side: int = 15
    block: int = 5
    strides: tuple[int, ...] = (1, 2, 4)
    halo: int = 2

    def strides_for(self, height: int, width: int) -> list[int]:
        """Strides at which a window fits into a scene; always at least the first."""
        fitting = [s for s in self.strides if min(height, width) >= (self.side - 1) * s + 1]
        return fitting or [self.strides[0]]


@dataclass(frozen=True)
class WindowArrays:
    """`ml_core.hsi.encoder.batch.Windows` as arrays, without domain.

    Attributes:
        spectral, spatial: (n, side * side) int64; spatial ids that would give the block away are unknown.
        coordinates: (n, side * side, C) float32.
        places: (n, block * block) int64.
        hidden_spatial: (n, block * block) int64, the spatial ids of the block.
        hidden: (n, side * side) bool, places that show the block.
    """

    spectral: NDArray[np.int64]
    spatial: NDArray[np.int64]
    coordinates: NDArray[np.float32]
    places: NDArray[np.int64]
    hidden_spatial: NDArray[np.int64]
    hidden: NDArray[np.bool_]


def whitening(tokens: TokenMap, coordinates: int) -> NDArray[np.float32]:
    """Factors that give the first coordinates of a scene variance 1: (coordinates,), zero where there is none."""
    factors = np.zeros(coordinates, dtype=np.float32)
    kept = min(coordinates, tokens.variances.size)
    variances = tokens.variances[:kept]
    factors[:kept] = np.where(variances > 0, np.maximum(variances, 1e-30) ** -0.5, 0.0)
    return factors


def whitened(
    tokens: TokenMap, factors: NDArray[np.float32], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Coordinates of some pixels, each with variance 1 over the scene: (..., C) float32."""
    found = np.zeros((*np.broadcast_shapes(rows.shape, columns.shape), factors.size), dtype=np.float32)
    kept = min(factors.size, tokens.coordinates.shape[-1])
    np.multiply(tokens.coordinates[rows, columns][..., :kept], factors[:kept], out=found[..., :kept])
    return found


def cut_windows(
    tokens: TokenMap,
    factors: NDArray[np.float32],
    blocks: NDArray[np.int64],
    stride: int,
    phase: tuple[int, int],
    layout: WindowLayout,
    unknown_spatial: int,
) -> WindowArrays:
    """Windows around blocks, moved inwards at the border of the scene.

    Args:
        tokens: Of a scene.
        factors: From `whitening`.
        blocks: (n, 2), upper left tokens of the blocks on the grid of every ``stride``-th pixel.
        stride: Pixels between tokens.
        phase: Row and column of the first pixel of that grid.
        layout: Sizes.
        unknown_spatial: Id that hides a spatial token, K_x.
    """
    grid = grid_shape(tokens.spectral.shape, stride, phase)
    margin = (layout.side - layout.block) // 2
    limit = np.maximum(np.array(grid) - layout.side, 0)
    corner = np.clip(blocks - margin, 0, limit)
    offset = np.arange(layout.side)
    # A scene smaller than a window repeats its last row and column.
    rows = np.minimum(corner[:, :1] + offset, grid[0] - 1) * stride + phase[0]
    columns = np.minimum(corner[:, 1:] + offset, grid[1] - 1) * stride + phase[1]
    index = rows[:, :, None], columns[:, None, :]
    inside = blocks - corner
    reach = np.arange(layout.block)
    places = (inside[:, :1] + reach)[:, :, None] * layout.side + (inside[:, 1:] + reach)[:, None, :]
    hidden = _hidden(corner, blocks, grid, layout)
    before, after = layout.halo // stride, -(-layout.halo // stride)
    close_rows = (offset >= inside[:, :1] - before) & (offset < inside[:, :1] + layout.block + after)
    close_columns = (offset >= inside[:, 1:] - before) & (offset < inside[:, 1:] + layout.block + after)
    spatial = tokens.spatial[index].astype(np.int64)
    count = len(blocks)
    places = places.reshape(count, -1)
    hidden_spatial = np.take_along_axis(spatial.reshape(count, -1), places, axis=1)
    spatial[hidden | (close_rows[:, :, None] & close_columns[:, None, :])] = unknown_spatial
    return WindowArrays(
        tokens.spectral[index].astype(np.int64).reshape(count, -1),
        spatial.reshape(count, -1),
        whitened(tokens, factors, *index).reshape(count, layout.side**2, -1),
        places,
        hidden_spatial,
        hidden.reshape(count, -1),
    )


def _hidden(
    corner: NDArray[np.int64], blocks: NDArray[np.int64], grid: tuple[int, int], layout: WindowLayout
) -> NDArray[np.bool_]:
    """Places of the windows that show a token of the block: (n, side, side).

    In a scene smaller than a window also the repetitions of its last row and column, unless nothing were left to see.
    """
    offset = np.arange(layout.side)
    shown = [np.minimum(corner[:, axis, None] + offset, grid[axis] - 1) for axis in (0, 1)]
    told = [corner[:, axis, None] + offset for axis in (0, 1)]
    masks = []
    for places in (shown, told):
        rows, columns = (
            (places[axis] >= blocks[:, axis, None]) & (places[axis] < blocks[:, axis, None] + layout.block)
            for axis in (0, 1)
        )
        masks.append(rows[:, :, None] & columns[:, None, :])
    all_shown = masks[0] | masks[1]
    sees_nothing = np.all(all_shown, axis=(1, 2), keepdims=True)
    return np.where(sees_nothing, masks[1], all_shown)


def grid_shape(shape: tuple[int, ...], stride: int, phase: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the grid of every ``stride``-th pixel."""
    return -(-(shape[0] - phase[0]) // stride), -(-(shape[1] - phase[1]) // stride)
