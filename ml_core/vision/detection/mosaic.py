"""Puts an image together from parts of four, so that few images make many scenes (Bochkovskiy et al. 2020, YOLOv4).

Every part keeps its scale: what a quarter shows is a window of its image as large as the quarter.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_LEAST_VISIBLE = 0.3  # of a box's area; what shows less of its object is no example of it


def mosaic(parts: Sequence[tuple[Tensor, Tensor, Tensor]], generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Four labelled images to one of the same size.

    Args:
        parts: Four times pixels uint8 (3, H, W), boxes (N, 4) corners and labels (N,).
        generator: Where the draws come from.

    Returns:
        Pixels, boxes and labels.
    """
    height, width = parts[0][0].shape[-2:]
    draws = torch.rand(10, generator=generator).tolist()
    middle_x, middle_y = round(width * (0.25 + 0.5 * draws[0])), round(height * (0.25 + 0.5 * draws[1]))
    quarters = ((0, 0, middle_x, middle_y), (middle_x, 0, width, middle_y), (0, middle_y, middle_x, height),
                (middle_x, middle_y, width, height))  # fmt: skip
    canvas = torch.empty_like(parts[0][0])
    boxes, labels = [], []
    for number, ((pixels, own_boxes, own_labels), (left, top, right, bottom)) in enumerate(
        zip(parts, quarters, strict=True)
    ):
        x = int(draws[2 + 2 * number] * (width - (right - left) + 1))
        y = int(draws[3 + 2 * number] * (height - (bottom - top) + 1))
        canvas[:, top:bottom, left:right] = pixels[:, y : y + bottom - top, x : x + right - left]
        moved = own_boxes + own_boxes.new_tensor([left - x, top - y] * 2)
        low, high = own_boxes.new_tensor([left, top]), own_boxes.new_tensor([right, bottom])
        cut = torch.cat([moved[:, :2].clamp(low, high), moved[:, 2:].clamp(low, high)], dim=1)
        kept = _area(cut) >= _LEAST_VISIBLE * _area(moved)
        boxes.append(cut[kept])
        labels.append(own_labels[kept])
    return canvas, torch.cat(boxes), torch.cat(labels)


def _area(boxes: Tensor) -> Tensor:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
