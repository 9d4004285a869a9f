"""Which tokens of a sequence are hidden: at random, or in blocks that hold neighbours in the picture."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from ml_core.errors import CodedError

Strategy = Literal["structured", "random"]

_LEAST_RUN, _BLOCK_SHARE = 2, 4  # runs are about a quarter of the side of the picture


def draw_mask(batch: int, length: int, ratio: float, strategy: str, device: torch.device) -> Tensor:
    """Which tokens to hide: (batch, length) bool, in every row the same number, the ratio rounded.

    ``structured`` draws runs of tokens that follow each other and widens them to their neighbours in the rows above
    and below, where the sequence is a square picture in row order; any other sequence is hidden in runs.

    Raises:
        CodedError: The strategy is not known.
    """
    if strategy not in ("structured", "random"):
        raise CodedError(
            f'There is no masking strategy "{strategy}".',
            code="hsi.mask_strategy",
            hint='Choose "structured" or "random".',
            where="strategy",
        )
    count = min(length, max(1, round(ratio * length)))
    noise = torch.rand(batch, length, device=device)
    if strategy == "structured":
        # Places of blocks drawn first come first; the noise decides among those of the last, partly used block.
        noise = noise + _block_order(batch, length, count, device)
    chosen = noise.argsort(dim=1)[:, :count]
    return torch.zeros(batch, length, dtype=torch.bool, device=device).scatter_(1, chosen, True)


def _block_order(batch: int, length: int, count: int, device: torch.device) -> Tensor:
    """(batch, length): the number of the first block that covers a place; a large number where none does."""
    side = math.isqrt(length)
    square = side * side == length
    width = side if square else length
    run = max(_LEAST_RUN, width // _BLOCK_SHARE) if length > _LEAST_RUN else 1
    rows = run if square else 1
    blocks = 4 * -(-count // (run * rows)) + 4
    height = length // width
    top = torch.randint(1 - rows, height, (batch, blocks, 1, 1), device=device)
    left = torch.randint(1 - run, width, (batch, blocks, 1, 1), device=device)
    row = torch.arange(height, device=device)[:, None]
    column = torch.arange(width, device=device)[None]
    covered = (row >= top) & (row < top + rows) & (column >= left) & (column < left + run)
    number = torch.arange(blocks, device=device).view(1, -1, 1, 1).expand_as(covered)
    return torch.where(covered, number, blocks).amin(1).flatten(1).float()
