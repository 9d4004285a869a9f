"""Cross entropy of pixels: each counts the same, so large classes count more than small ones."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from ml_core.vision.segmentation.truth import UNKNOWN


def cross_entropy(logits: Tensor, truth: Tensor) -> Tensor:
    """Mean over the pixels that are known; 0 where none is.

    Args:
        logits: (N, C, H, W).
        truth: int64 (N, H, W), `UNKNOWN` where nothing counts.
    """
    total = functional.cross_entropy(logits, truth, ignore_index=UNKNOWN, reduction="sum")
    return total / (truth != UNKNOWN).sum().clamp(min=1)
