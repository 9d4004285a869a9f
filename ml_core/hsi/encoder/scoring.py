"""How surprising each pixel is, given its surroundings, for a whole scene.

Every pixel lies in at least one hidden block of each stride; where blocks overlap, the most surprised one counts: a
target that a block hides only in part is explained by its visible rest. Windows are placed on one lattice of the whole
scene and computed in batches that hold a row of it, so that a part of a scene has exactly the numbers that it has in
the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml_core.hsi.encoder.bert import HSIEncoderBERT, Windows
from ml_core.hsi.encoder.density import negative_log_likelihoods
from ml_core.hsi.encoder.windows import WindowLayout, cut_windows, grid_shape, whitened
from ml_core.hsi.tokenizer.token_map import TokenMap

_BATCH = 32


@dataclass(frozen=True)
class ScoringSettings:
    """How densely a scene is asked.

    Attributes:
        step: Tokens between neighbouring blocks; below the side of a block they overlap.
        with_ids: Also give the likelihood of the hard ids.
    """

    step: int = 3
    with_ids: bool = True


def score_rows(
    encoder: HSIEncoderBERT,
    tokens: TokenMap,
    *,
    rows: slice = slice(None),
    domain_id: int = -1,
    layout: WindowLayout | None = None,
    settings: ScoringSettings | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Maps of some rows of a scene.

    Args:
        encoder: In evaluation mode.
        tokens: Of the whole scene.
        rows: Which rows to score; the others are read where windows reach into them.
        domain_id: Sensor or scene; -1 when training did not know it.
        layout: Sizes of windows.
        settings: Density of the lattice.

    Returns:
        For each stride s ``lm_nll_s``, and ``token_nll_s`` where asked for: (rows, W) float32 in nats.
    """
    layout, settings = layout or WindowLayout(), settings or ScoringSettings()
    height, width = tokens.spectral.shape
    start, stop, _ = rows.indices(height)
    coordinates = whitened(tokens, encoder.coordinates)
    maps = {}
    for stride in layout.strides_for(height, width):
        found = np.full((2, stop - start, width), -np.inf, dtype=np.float32)
        for blocks in _batches((height, width), stride, (start, stop), layout, settings):
            _score_batch(
                encoder, tokens, coordinates, blocks, stride, domain_id, layout, settings, (sums, counts, start)
            )
        maps[f"lm_nll_{stride}"] = found[0]
        if settings.with_ids:
            maps[f"token_nll_{stride}"] = found[1]
    return maps


def _batches(
    shape: tuple[int, int], stride: int, rows: tuple[int, int], layout: WindowLayout, settings: ScoringSettings
) -> Iterator[NDArray[np.int64]]:
    """Upper left tokens of the blocks that touch some rows, in whole batches of the lattice."""
    grid = grid_shape(shape, stride, (0, 0))
    across, down = (_starts(length, layout.block, settings.step) for length in reversed(grid))
    for row in down:
        if row * stride < rows[1] and (row + layout.block) * stride > rows[0]:
            for first in range(0, len(across), _BATCH):
                columns = across[first : first + _BATCH]
                yield np.stack([np.full_like(columns, row), columns], axis=1)


def _starts(length: int, block: int, step: int) -> NDArray[np.int64]:
    """Places of blocks along a side, so that every token is covered."""
    last = max(length - block, 0)
    return np.unique(np.append(np.arange(0, last + 1, step), last)).astype(np.int64)


@torch.inference_mode()
def _score_batch(
    encoder: HSIEncoderBERT,
    tokens: TokenMap,
    coordinates: NDArray[np.float32],
    blocks: NDArray[np.int64],
    stride: int,
    domain_id: int,
    layout: WindowLayout,
    settings: ScoringSettings,
    into: tuple[NDArray[np.float32], int],
) -> None:
    """Enter the scores of one batch of windows into maps, which begin with some row of the scene."""
    arrays = cut_windows(tokens, coordinates, blocks, stride, (0, 0), layout, encoder.spatial_codes)
    device = encoder.position_embedding.weight.device
    count = len(blocks)
    windows = Windows(
        spectral=torch.from_numpy(arrays.spectral).to(device),
        spatial=torch.from_numpy(arrays.spatial).to(device),
        coordinates=torch.from_numpy(arrays.coordinates).to(device),
        places=torch.from_numpy(arrays.places).to(device),
        hidden_spatial=torch.from_numpy(arrays.hidden_spatial).to(device),
        domain_ids=torch.full((count,), domain_id, device=device),
        stride=torch.full((count,), float(stride), device=device),
    )
    prediction = encoder.predict(windows, with_ids=settings.with_ids)
    pixels = _pixels_of(blocks, stride, layout, (tokens.spectral.shape[0], tokens.spectral.shape[1]))
    targets = torch.from_numpy(coordinates[pixels]).to(device)
    found = [negative_log_likelihoods(prediction.density, targets, windows.coordinates).pooled]
    if settings.with_ids:
        k = torch.from_numpy(tokens.spectral[pixels].astype(np.int64)).to(device)
        m = torch.from_numpy(tokens.spatial[pixels].astype(np.int64)).to(device)
        found.append(_id_nll(prediction.log_spectral, k) + _id_nll(prediction.log_spatial, m))
    maps, start = into
    row, column = pixels
    inside = (row >= start) & (row < start + maps.shape[1])
    place = (row[inside] - start, column[inside])
    for number, values in enumerate(found):
        np.maximum.at(maps[number], place, values.float().cpu().numpy()[inside])


def _id_nll(log_probabilities: Tensor, ids: Tensor) -> Tensor:
    """(batch, Q, K) at (batch, Q, R) ids."""
    return -log_probabilities.gather(-1, ids)


def _pixels_of(
    blocks: NDArray[np.int64], stride: int, layout: WindowLayout, shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the pixels that the places of each block answer for: (n, Q, stride * stride) each.

    A token answers for the square of pixels that it was taken from; beyond the border the last pixel is repeated.
    """
    reach = np.arange(layout.block)
    fine = np.arange(stride)
    rows = np.minimum((blocks[:, :1] + reach)[..., None] * stride + fine, shape[0] - 1)
    columns = np.minimum((blocks[:, 1:] + reach)[..., None] * stride + fine, shape[1] - 1)
    full = (len(blocks), layout.block, layout.block, stride, stride)
    row = np.broadcast_to(rows[:, :, None, :, None], full).reshape(len(blocks), layout.block**2, stride**2)
    column = np.broadcast_to(columns[:, None, :, None, :], full).reshape(row.shape)
    return row, column
