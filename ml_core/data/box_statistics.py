"""How many, how large and where the boxes of a version are: the part ``boxes`` of ``statistics.json``."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.data.annotations.builder import CROWD, NO_CLASS
from ml_core.data.histogram import histogram
from ml_core.data.label_findings import LabelledImages

#: Steps of the last feature maps of usual detectors, in pixels: what is smaller than one falls between its cells.
STRIDES: Final = (4, 8, 16, 32, 64)
#: Areas that COCO calls small and medium: up to 32 x 32 and 96 x 96 pixels.
_SMALL, _MEDIUM = 32.0**2, 96.0**2
_GRID: Final = 16
_MAX_MATRIX: Final = 100  # classes up to which a matrix of what occurs together is of use


def describe_boxes(images: LabelledImages) -> dict[str, Any]:
    """Distributions of all boxes that have an area and are no crowds.

    Returns:
        ``count``, histograms ``per_image``, ``width``, ``height``, ``aspect`` and ``share`` (of the side of the image,
        the square root of the area), ``position`` (16 x 16 counts of centres, rows from the top), ``classes`` (name,
        boxes, images, small, medium, large), ``below_stride`` (stride to boxes whose shorter side is below it) and,
        up to 100 classes, ``together``: for two classes the number of images that show both.
    """
    extent = images.corners[:, 2:] - images.corners[:, :2]
    kept = (extent > 0).all(axis=1) & ((np.asarray(images.table.flags) & CROWD) == 0)
    extent, corners, image = extent[kept], images.corners[kept], images.image[kept]
    label = np.asarray(images.table.label)[kept]
    sizes = images.sizes[image]
    area = extent.prod(axis=1)
    described = {
        "count": len(extent),
        "per_image": histogram(np.bincount(image, minlength=len(images.sizes))),
        "width": histogram(extent[:, 0]),
        "height": histogram(extent[:, 1]),
        "aspect": histogram(extent[:, 0] / extent[:, 1]),
        "share": histogram(np.sqrt(area / np.maximum(sizes.prod(axis=1), 1)), 0.0, 1.0),
        "position": _positions((corners[:, :2] + corners[:, 2:]) / 2 / np.maximum(sizes, 1)),
        "classes": _by_class(images.classes, label, image, area),
        "below_stride": {str(stride): int((extent.min(axis=1, initial=np.inf) < stride).sum()) for stride in STRIDES},
    }
    if 0 < len(images.classes) <= _MAX_MATRIX:
        described["together"] = _together(len(images.classes), len(images.sizes), label, image)
    return described


def _positions(centres: NDArray[np.float64]) -> list[list[int]]:
    cells = np.clip((centres * _GRID).astype(np.int64), 0, _GRID - 1)
    counts = np.bincount(cells[:, 1] * _GRID + cells[:, 0], minlength=_GRID * _GRID)
    return [list(map(int, row)) for row in counts.reshape(_GRID, _GRID)]


def _by_class(
    classes: Any, label: NDArray[np.int32], image: NDArray[np.int64], area: NDArray[np.float64]
) -> list[dict[str, Any]]:
    count = len(classes)
    named = label != NO_CLASS
    label, image, area = label[named], image[named], area[named]
    span = int(image.max()) + 1 if len(image) else 1
    pairs = np.unique(label.astype(np.int64) * span + image)
    columns = {
        "boxes": np.bincount(label, minlength=count),
        "images": np.bincount(pairs // span, minlength=count),
        "small": np.bincount(label[area <= _SMALL], minlength=count),
        "medium": np.bincount(label[(area > _SMALL) & (area <= _MEDIUM)], minlength=count),
        "large": np.bincount(label[area > _MEDIUM], minlength=count),
    }
    return [
        {"name": name, **{key: int(values[number]) for key, values in columns.items()}}
        for number, name in enumerate(classes)
    ]


def _together(classes: int, images: int, label: NDArray[np.int32], image: NDArray[np.int64]) -> list[list[int]]:
    shown = np.zeros((images, classes), dtype=np.float32)
    named = label != NO_CLASS
    shown[image[named], label[named]] = 1
    matrix = (shown.T @ shown).round().astype(np.int64)
    return [list(map(int, row)) for row in matrix]
