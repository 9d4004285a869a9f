"""Mixup and CutMix: pictures and their labels mixed, against learning few pictures by heart.

H. Zhang et al., "mixup", ICLR 2018; S. Yun et al., "CutMix", ICCV 2019. Draws come from torch's generator, whose state
a checkpoint holds.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

_CONCENTRATION = 0.8  # of the beta distribution of mixup: most pairs keep one strong partner


def mix_batch(views: Tensor, targets: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Mix a batch with itself in another order, by either way in turn; most batches stay as they are if share is low.

    Args:
        views: (N, 3, H, W).
        targets: (N, C) distributions.
        share: Probability that the batch is mixed.
    """
    if float(torch.rand(())) >= share:
        return views, targets
    order = torch.randperm(len(views), device=views.device)
    if float(torch.rand(())) < 0.5:
        beta = torch.distributions.Beta(_CONCENTRATION, _CONCENTRATION)
        own = float(beta.sample())
        return own * views + (1 - own) * views[order], own * targets + (1 - own) * targets[order]
    return _cut(views, targets, order)


def _cut(views: Tensor, targets: Tensor, order: Tensor) -> tuple[Tensor, Tensor]:
    height, width = views.shape[2:]
    side = math.sqrt(1 - float(torch.rand(())))
    row, column = int(torch.randint(height, ())), int(torch.randint(width, ()))
    top, bottom = max(0, int(row - side * height / 2)), min(height, int(row + side * height / 2))
    left, right = max(0, int(column - side * width / 2)), min(width, int(column + side * width / 2))
    mixed = views.clone()
    mixed[:, :, top:bottom, left:right] = views[order][:, :, top:bottom, left:right]
    own = 1 - (bottom - top) * (right - left) / (height * width)
    return mixed, own * targets + (1 - own) * targets[order]
