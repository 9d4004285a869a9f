"""Soft Dice loss: each class counts the same, however few pixels it has (Milletari et al. 2016, arXiv:1606.04797)."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from ml_core.vision.segmentation.truth import UNKNOWN

_SMOOTH = 1.0  # pixels; keeps a class of which nothing is left from having no gradient


def dice(logits: Tensor, truth: Tensor) -> Tensor:
    """One minus the mean Dice of the classes that occur in the batch; 0 where none does.

    The sums go over all images of the batch: of one image they would be coarse for small objects.

    Args:
        logits: (N, C, H, W).
        truth: int64 (N, H, W), `UNKNOWN` where nothing counts.
    """
    known = (truth != UNKNOWN)[:, None]
    likely = logits.softmax(1) * known
    true = functional.one_hot(truth.clamp(min=0), logits.shape[1]).permute(0, 3, 1, 2) * known
    axes = (0, 2, 3)
    common, sizes = (likely * true).sum(axes), likely.sum(axes) + true.sum(axes)
    occurs = true.sum(axes) > 0
    score = (2 * common + _SMOOTH) / (sizes + _SMOOTH)
    return ((1 - score) * occurs).sum() / occurs.sum().clamp(min=1)
