"""The three ways in which files write a box, and the one in which we compute.

``xyxy``: left, top, right, bottom in pixels (Pascal VOC). ``xywh``: left, top, width, height in pixels (COCO).
``cxcywhn``: centre, width and height as shares of the image (YOLO). Pixels are coordinates of the plane, so an image is
as wide as its last coordinate; VOC's corners are taken as they stand, as most tools write them.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

BoxFormat = Literal["xyxy", "xywh", "cxcywhn"]
Boxes = NDArray[np.float64]


def to_xyxy(boxes: Boxes, written_as: BoxFormat, sizes: NDArray[np.int64]) -> Boxes:
    """Corners in pixels.

    Args:
        boxes: (N, 4) as they are written.
        written_as: How.
        sizes: (N, 2) width and height of the image of each box.

    Returns:
        float64 (N, 4): left, top, right, bottom. A box that was written so that right < left stays so.
    """
    if written_as == "xyxy":
        return np.array(boxes, dtype=np.float64)
    if written_as == "xywh":
        return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    half = boxes[:, 2:] / 2
    return np.concatenate([(boxes[:, :2] - half) * sizes, (boxes[:, :2] + half) * sizes], axis=1)


def convert(boxes: Boxes, written_as: BoxFormat, wanted: BoxFormat, sizes: NDArray[np.int64]) -> Boxes:
    """Boxes in another way of writing; the same way gives the very same numbers."""
    if written_as == wanted:
        return np.array(boxes, dtype=np.float64)
    corners = to_xyxy(boxes, written_as, sizes)
    if wanted == "xyxy":
        return corners
    extent = corners[:, 2:] - corners[:, :2]
    if wanted == "xywh":
        return np.concatenate([corners[:, :2], extent], axis=1)
    return np.concatenate([(corners[:, :2] + corners[:, 2:]) / 2 / sizes, extent / sizes], axis=1)


def bounds(xs_and_ys: list[float]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of points that are written x, y, x, y..."""
    xs, ys = xs_and_ys[0::2], xs_and_ys[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def as_box(corners: tuple[float, float, float, float], wanted: BoxFormat) -> tuple[float, float, float, float]:
    """One box from its corners. For ``cxcywhn`` the corners are shares already."""
    left, top, right, bottom = corners
    if wanted == "xyxy":
        return corners
    if wanted == "xywh":
        return left, top, right - left, bottom - top
    return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top


def overlap(one: Boxes, other: Boxes) -> NDArray[np.float64]:
    """Intersection over union of boxes in pairs, both (N, 4) corners; 0 where both are empty."""
    low = np.maximum(one[:, :2], other[:, :2])
    high = np.minimum(one[:, 2:], other[:, 2:])
    common: NDArray[np.float64] = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = [np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1) for boxes in (one, other)]
    union = areas[0] + areas[1] - common
    result: NDArray[np.float64] = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    return result
