"""One annotation of a COCO file, checked and turned into a row of the table."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ml_core.data.annotations.boxes import as_box, bounds
from ml_core.data.annotations.builder import (
    CROWD,
    DERIVED,
    DIFFICULT,
    NO_SHAPE,
    OCCLUDED,
    POLYGONS,
    RLE_COUNTS,
    RLE_PACKED,
    TRUNCATED,
    Annotation,
)
from ml_core.data.annotations.rle import check_counts, mask_bounds, unpack_counts
from ml_core.errors import CodedError

KNOWN_KEYS: Final = frozenset(("id", "image_id", "category_id", "bbox", "segmentation", "iscrowd", "area"))
_FLAGS: Final = {"difficult": DIFFICULT, "truncated": TRUNCATED, "occluded": OCCLUDED}
NO_BOX: Final = "An annotation has neither a box of four finite numbers nor a shape."
NO_CATEGORY: Final = "An annotation does not say its category."
NO_IMAGE: Final = "An annotation does not say its image."
NO_OBJECT: Final = "An entry of the annotations is no object."
BAD_SHAPE: Final = "A shape cannot be used; its box was kept."
CURES: Final = {
    NO_BOX: "Give it a bbox of x, y, width, height.",
    NO_CATEGORY: "Give it a category_id.",
    NO_IMAGE: "Give it an image_id.",
    NO_OBJECT: "Export the file again.",
    BAD_SHAPE: "Draw the shape again with three or more points, or a mask as large as the image.",
}
_MAX_ID: Final = 1 << 62

Rings = tuple[Any, ...]


def read_annotation(entry: dict[str, Any]) -> tuple[Annotation | str, bool]:
    """A row, or a sentence why there is none; and whether a shape had to be left out."""
    category = entry.get("category_id")
    if type(category) is not int or not -_MAX_ID < category < _MAX_ID:
        return NO_CATEGORY, False
    kind, rings = NO_SHAPE, ()
    shape_lost = False
    segmentation = entry.get("segmentation")
    if segmentation:
        kind, rings, shape_lost = _shape(segmentation)
    flags = CROWD if entry.get("iscrowd") == 1 else 0
    extra = entry.keys() - KNOWN_KEYS
    if extra:
        flags |= sum(bit for word, bit in _FLAGS.items() if entry.get(word) in (1, True))
        extra -= {word for word in _FLAGS if entry.get(word) in (0, 1)}
    box: Sequence[float] | None = _box(entry.get("bbox"))
    if box is None:
        if kind == NO_SHAPE:
            return NO_BOX, shape_lost
        box, flags = _box_of_shape(kind, rings), flags | DERIVED
    area: Any = entry.get("area")
    number = entry.get("id")
    return Annotation(
        category, box, kind, rings, flags,
        float(area) if type(area) in (int, float) and abs(area) < 1e300 else math.nan,
        number if type(number) is int and -_MAX_ID < number < _MAX_ID else -1,
        to_json({key: value for key, value in entry.items() if key in extra}) if extra else "",
    ), shape_lost  # fmt: skip


def _box(value: Any) -> array[float] | None:
    if type(value) is not list or len(value) != 4:
        return None
    return _numbers(value)


def _numbers(values: list[Any]) -> array[float] | None:
    try:
        numbers = array("d", values)
    except (TypeError, OverflowError):
        return None
    return numbers if math.isfinite(sum(numbers)) else None


def _shape(value: Any) -> tuple[int, Rings, bool]:
    """Kind and rings of a segmentation, and whether a part of it was left out."""
    if type(value) is list:
        parts = [value] if type(value[0]) in (int, float) else value  # some tools write a single polygon without a list
        rings = []
        for part in parts:
            ring = _numbers(part) if type(part) is list and len(part) >= 6 and len(part) % 2 == 0 else None
            if ring is not None:
                rings.append(ring)
        return (POLYGONS if rings else NO_SHAPE), tuple(rings), len(rings) < len(parts)
    mask = _mask(value) if type(value) is dict else None
    return (NO_SHAPE, (), True) if mask is None else (*mask, False)


def _mask(value: dict[str, Any]) -> tuple[int, Rings] | None:
    size, counts = value.get("size"), value.get("counts")
    if not (type(size) is list and len(size) == 2 and all(type(side) is int and 0 < side < 1 << 20 for side in size)):
        return None
    try:
        if type(counts) is str:
            kind, lengths = RLE_PACKED, unpack_counts(counts)
        elif type(counts) is list and all(type(count) is int and 0 <= count < 1 << 40 for count in counts):
            kind, lengths = RLE_COUNTS, np.array(counts, dtype=np.int64)
        else:
            return None
        check_counts(size[0], size[1], lengths)
    except CodedError:
        return None
    return kind, (array("d", [*size, *lengths.tolist()]),)


def _box_of_shape(kind: int, rings: Rings) -> tuple[float, float, float, float]:
    if kind == POLYGONS:
        return as_box(bounds([number for ring in rings for number in ring]), "xywh")
    height, counts = int(rings[0][0]), np.array(rings[0][2:]).astype(np.int64)
    return mask_bounds(height, counts)


def to_json(value: dict[str, Any]) -> str:
    """Compact JSON of what a file says beyond the columns."""
    return json.dumps(value, separators=(",", ":"))
