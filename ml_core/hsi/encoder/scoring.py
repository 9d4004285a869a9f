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

from ml_core.hsi.encoder.batch import Windows
from ml_core.hsi.encoder.bert import HSIEncoderBERT
from ml_core.hsi.encoder.density import negative_log_likelihoods
from ml_core.hsi.encoder.windows import WindowLayout, cut_windows, grid_shape, whitened, whitening
from ml_core.hsi.tokenizer.token_map import TokenMap

_BATCH = 32
_FINEST = 2


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
    kinds = ("lm_nll", "token_nll") if settings.with_ids else ("lm_nll",)
    maps: dict[str, NDArray[np.float32]] = {}
    for stride in layout.strides_for(height, width):
        found = np.full((len(kinds), stop - start, width), -np.inf, dtype=np.float32)
        scorer = _Scorer(encoder, tokens, stride, domain_id, layout, settings)
        for blocks in scorer.batches(start, stop):
            values, row, column = scorer.score(blocks)
            inside = (row >= start) & (row < stop)
            for number, kind_values in enumerate(values):
                np.maximum.at(found[number], (row[inside] - start, column[inside]), kind_values[inside])
        maps |= {f"{kind}_{stride}": found[number] for number, kind in enumerate(kinds)}
    return maps


class _Scorer:
    """Scores of the blocks of a scene at one stride."""

    def __init__(
        self,
        encoder: HSIEncoderBERT,
        tokens: TokenMap,
        stride: int,
        domain_id: int,
        layout: WindowLayout,
        settings: ScoringSettings,
    ) -> None:
        self._encoder, self._tokens = encoder, tokens
        self._stride, self._domain_id = stride, domain_id
        self._layout, self._settings = layout, settings
        self._factors = whitening(tokens, encoder.coordinates)
        self._device = encoder.position_embedding.weight.device

    def batches(self, start: int, stop: int) -> Iterator[NDArray[np.int64]]:
        """Upper left tokens of the blocks that touch some rows of pixels, in whole batches of the lattice."""
        shape, layout, stride = self._tokens.spectral.shape, self._layout, self._stride
        grid = grid_shape(shape, stride, (0, 0))
        across, down = (_starts(length, layout.block, self._settings.step) for length in reversed(grid))
        for row in down:
            if row * stride < stop and (row + layout.block) * stride > start:
                for first in range(0, len(across), _BATCH):
                    columns = across[first : first + _BATCH]
                    yield np.stack([np.full_like(columns, row), columns], axis=1)

    @torch.inference_mode()
    def score(
        self, blocks: NDArray[np.int64]
    ) -> tuple[list[NDArray[np.float32]], NDArray[np.int64], NDArray[np.int64]]:
        """Values of each kind, and the rows and columns of the pixels they belong to, all of one shape."""
        windows = self._windows(blocks)
        prediction = self._encoder.predict(windows, with_ids=self._settings.with_ids)
        height, width = self._tokens.spectral.shape
        row, column = _pixels_of(blocks, self._stride, self._layout, (height, width))
        targets = torch.from_numpy(whitened(self._tokens, self._factors, row, column)).to(self._device)
        found = [negative_log_likelihoods(prediction.density, targets, windows.coordinates).pooled]
        if self._settings.with_ids:
            k, m = (
                torch.from_numpy(ids[row, column].astype(np.int64)).to(self._device)
                for ids in (self._tokens.spectral, self._tokens.spatial)
            )
            found.append(-prediction.log_spectral.gather(-1, k) - prediction.log_spatial.gather(-1, m))
        return [values.float().cpu().numpy() for values in found], row, column

    def _windows(self, blocks: NDArray[np.int64]) -> Windows:
        unknown = self._encoder.spatial_codes
        arrays = cut_windows(self._tokens, self._factors, blocks, self._stride, (0, 0), self._layout, unknown)
        device, count = self._device, len(blocks)
        return Windows(
            spectral=torch.from_numpy(arrays.spectral).to(device),
            spatial=torch.from_numpy(arrays.spatial).to(device),
            coordinates=torch.from_numpy(arrays.coordinates).to(device),
            places=torch.from_numpy(arrays.places).to(device),
            hidden_spatial=torch.from_numpy(arrays.hidden_spatial).to(device),
            hidden=torch.from_numpy(arrays.hidden).to(device),
            domain_ids=torch.full((count,), self._domain_id, device=device),
            stride=torch.full((count,), float(self._stride), device=device),
        )


def combine_strides(maps: dict[str, NDArray[np.float32]], kind: str = "lm_nll") -> NDArray[np.float32]:
    """One map of a kind: the mean of the two finest strides that the scene has.

    The coarsest one sees large targets and little else; on scenes with small targets it takes more than it gives
    (docs/hsi.md).
    """
    strides = sorted(int(name.rsplit("_", 1)[1]) for name in maps if name.startswith(f"{kind}_"))[:_FINEST]
    combined: NDArray[np.float32] = np.mean([maps[f"{kind}_{stride}"] for stride in strides], axis=0, dtype=np.float32)
    return combined


def _starts(length: int, block: int, step: int) -> NDArray[np.int64]:
    """Places of blocks along a side, so that every token is covered."""
    last = max(length - block, 0)
    return np.unique(np.append(np.arange(0, last + 1, step), last)).astype(np.int64)


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
