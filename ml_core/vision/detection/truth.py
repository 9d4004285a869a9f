"""What is true about the images of a version: which boxes are objects, and where nothing can be said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml_core.data.annotations.boxes import Boxes
from ml_core.data.annotations.table import NOT_NAMED, AnnotationTable
from ml_core.data.manifest import Item

_CROWD = 1


@dataclass(frozen=True)
class Truth:
    """The boxes of one image, in pixels of the upright image.

    Attributes:
        boxes: (N, 4) left, top, right, bottom.
        labels: (N,) class; -1 where the file names one that the data set does not have.
        areas: (N,) as the label file gives it (COCO: of the shape), else of the box.
        ignored: (N,) crowds and boxes of unknown classes: neither an object to be found nor background.
    """

    boxes: Boxes
    labels: NDArray[np.int64]
    areas: NDArray[np.float64]
    ignored: NDArray[np.bool_]

    @property
    def objects(self) -> NDArray[np.int64]:
        """Rows that are objects."""
        rows: NDArray[np.int64] = np.flatnonzero(~self.ignored)
        return rows


@dataclass(frozen=True)
class LabelledImage:
    """An image of a version with its truth."""

    item: Item
    truth: Truth


def read_truth(version: Path, items: Sequence[Item]) -> dict[str, list[LabelledImage]]:
    """Images by split with what is true about them.

    An image that no label file names is left out: nobody said that there is nothing in it. Boxes are cut at the edges
    of their image; what has no area then is left out.

    Args:
        version: Folder of a version for detection.
        items: All its images, in order.

    Raises:
        FormatError: The annotations are damaged or missing.
    """
    table = AnnotationTable(version)
    splits: dict[str, list[LabelledImage]] = {"train": [], "val": [], "test": []}
    for position, item in enumerate(items):
        if table.image_state[position] != NOT_NAMED:
            splits[item.split].append(LabelledImage(item, _truth(table, position, item)))
    return splits


def _truth(table: AnnotationTable, position: int, item: Item) -> Truth:
    rows = table.of_image(position)
    part = slice(rows.start, rows.stop)
    limits = np.array([item.width, item.height] * 2, dtype=np.float64)
    boxes = np.clip(np.nan_to_num(table.corners_of(position, item.width, item.height)), 0, limits)
    extent = boxes[:, 2:] - boxes[:, :2]
    whole = (extent > 0).all(axis=1)
    labels = np.asarray(table.label[part], dtype=np.int64)
    given = np.asarray(table.area[part], dtype=np.float64)
    areas = np.where(np.isfinite(given) & (given > 0), given, extent.prod(axis=1))
    ignored = ((np.asarray(table.flags[part]) & _CROWD) > 0) | (labels < 0)
    return Truth(boxes[whole], labels[whole], areas[whole], ignored[whole])
