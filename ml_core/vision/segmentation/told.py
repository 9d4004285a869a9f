"""What a network says about an image, in pixels of that image: the one rule of evaluation and prediction."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ml_core.data.annotations.rle import encode_mask
from ml_core.vision.detection.canvas import Canvas
from ml_core.vision.segmentation.truth import BACKGROUND, Map


def map_of(logits: Tensor, canvas: Canvas, width: int, height: int) -> Map:
    """The most probable class of each pixel of the image.

    Logits are scaled to the image, then compared; class after class, so that a large image with many classes needs two
    maps of memory.

    Args:
        logits: (C, H, W) on the canvas.
        canvas: The input of the network.
        width: Of the upright image.
        height: Of the upright image.

    Returns:
        int16 (height, width).
    """
    inner_width, inner_height = canvas.placed(width, height)
    inner = logits[:, None, None, :inner_height, :inner_width].float()
    told = torch.zeros((height, width), dtype=torch.int16, device=logits.device)
    best = torch.full((height, width), -torch.inf, device=logits.device)
    for label, one in enumerate(inner):
        scaled = functional.interpolate(one, size=(height, width), mode="bilinear", align_corners=False)[0, 0]
        told.masked_fill_(scaled > best, label)
        torch.maximum(best, scaled, out=best)
    found: Map = told.cpu().numpy()
    return found


def as_masks(found: Map, classes: list[str]) -> list[dict[str, Any]]:
    """The classes of a map for JSON, without the background: name, index, share of the pixels, COCO's run lengths."""
    masks = []
    for label in range(BACKGROUND + 1, len(classes) + 1):
        mask = found == label
        if mask.any():
            masks.append(
                {
                    "class": classes[label - 1],
                    "index": label - 1,
                    "share": round(float(mask.mean()), 6),
                    "counts": encode_mask(mask).tolist(),
                }
            )
    return masks
