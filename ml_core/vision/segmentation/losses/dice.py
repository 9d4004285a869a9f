"""Soft Dice loss: each class counts the same, however few pixels it has (Milletari et al. 2016, arXiv:1606.04797)."""

from __future__ import annotations

import torch
from torch import Tensor

from ml_core.vision.segmentation.truth import UNKNOWN

_SMOOTH = 1.0  # pixels; keeps a class of which nothing is left from having no gradient


def dice(logits: Tensor, truth: Tensor) -> Tensor:
    """One minus the mean Dice of the classes that occur in the batch; 0 where none does.

    The sums go over all images of the batch: of one image they would be coarse for small objects.

    Args:
        logits: (N, C, H, W).
        truth: int64 (N, H, W), `UNKNOWN` where nothing counts.
    """
    known = truth != UNKNOWN
    likely = logits.softmax(1).unbind(1)  # class by class: one-hot truth would cost as much as the logits again
    losses = []
    for label in truth[known].bincount().nonzero().flatten().tolist():
        true = truth == label
        common, sizes = (likely[label] * true).sum(), (likely[label] * known).sum() + true.sum()
        losses.append(1 - (2 * common + _SMOOTH) / (sizes + _SMOOTH))
    return torch.stack(losses).mean() if losses else 0 * logits.sum()
