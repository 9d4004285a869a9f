"""What is true about the pixels of a version's images: one class each, painted from polygons and masks.

The rule: class 0 is the background, the classes of the data set follow. Shapes are painted from the largest to the
smallest, so that where two overlap the smaller one shows; of equal ones the later one. Nothing can be said
(`UNKNOWN`) where a crowd lies, a shape of a class that the data set does not name, or an object that has only a box;
these are painted first, so that an object on them is an object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml_core.data.annotations.table import NOT_NAMED, AnnotationTable
from ml_core.data.manifest import Item
from ml_core.vision.segmentation.shapes import Patch, fill_polygon, polygon_area

Map = NDArray[np.int16]  # (H, W)
BACKGROUND, UNKNOWN = 0, -1
_CROWD = 1


@dataclass(frozen=True)
class LabelledImage:
    """An image whose pixels are known.

    Attributes:
        item: Its facts.
        position: In the version.
    """

    item: Item
    position: int


@dataclass(frozen=True)
class Usable:
    """The images of a version that can be learnt from.

    Attributes:
        splits: By split.
        unlabelled: How many images no label file names: nobody said that there is nothing in them.
        boxes_only: How many have objects, but not one with a shape.
        vague: How many annotations become `UNKNOWN`.
        shapes: How many shapes of known classes there are by split.
    """

    splits: dict[str, list[LabelledImage]]
    unlabelled: int
    boxes_only: int
    vague: int
    shapes: dict[str, int]


class SemanticTruth:
    """Paints the maps of a version.

    Args:
        version: Its folder.

    Raises:
        FormatError: The annotations are damaged or missing.
    """

    def __init__(self, version: Path) -> None:
        self._table = table = AnnotationTable(version)
        crowd = (np.asarray(table.flags) & _CROWD) > 0
        self._is_known = (np.asarray(table.kind) > 0) & (np.asarray(table.label) >= 0) & ~crowd

    def usable(self, items: Sequence[Item]) -> Usable:
        """Images that a label file names and that have a shape, or nothing at all.

        Args:
            items: All images of the version, in order.
        """
        table = self._table
        with_shape = np.bincount(table.image_of[table.kind > 0], minlength=table.images)
        known = np.bincount(table.image_of[self._is_known], minlength=table.images)
        annotations = np.diff(table.image_offsets)
        is_named = table.image_state != NOT_NAMED
        is_boxes_only = is_named & (annotations > 0) & (with_shape == 0)
        is_usable = is_named & ~is_boxes_only
        splits: dict[str, list[LabelledImage]] = {"train": [], "val": [], "test": []}
        shapes = dict.fromkeys(splits, 0)
        for position in np.flatnonzero(is_usable).tolist():
            splits[items[position].split].append(LabelledImage(items[position], position))
            shapes[items[position].split] += int(known[position])
        vague = int((annotations - known)[is_usable].sum())
        return Usable(splits, int((~is_named).sum()), int(is_boxes_only.sum()), vague, shapes)

    def paint(self, image: LabelledImage) -> Map:
        """The class of each pixel of the upright image, int16 (height, width)."""
        height, width = image.item.height, image.item.width
        painted = np.full((height, width), BACKGROUND, dtype=np.int16)
        known: list[tuple[float, list[Patch], int]] = []
        for row in self._table.of_image(image.position):
            found = self._shape(row, height, width)
            if found is None:
                painted[self._box(image, row)] = UNKNOWN
            elif self._is_known[row]:
                known.append((*found, int(self._table.label[row]) + 1))
            else:
                for patch in found[1]:
                    patch.paint(painted, UNKNOWN)
        for _, patches, value in sorted(known, key=lambda entry: -entry[0]):
            for patch in patches:
                patch.paint(painted, value)
        return painted

    def _shape(self, row: int, height: int, width: int) -> tuple[float, list[Patch]] | None:
        """Area and pixels of an annotation; None where it has no shape, or a mask of another size than the image."""
        mask = self._table.mask(row)
        if mask is not None:
            whole = Patch((slice(None), slice(None)), mask)
            return (float(mask.sum()), [whole]) if mask.shape == (height, width) else None
        polygons = self._table.polygons(row, width, height)
        if not polygons:
            return None
        filled = [fill_polygon(points, height, width) for points in polygons]
        return sum(map(polygon_area, polygons)), [patch for patch in filled if patch is not None]

    def _box(self, image: LabelledImage, row: int) -> tuple[slice, slice]:
        """The pixels that a box touches."""
        item, first = image.item, self._table.of_image(image.position).start
        corners = np.nan_to_num(self._table.corners_of(image.position, item.width, item.height)[row - first])
        left, top = np.clip(np.floor(corners[:2]), 0, [item.width, item.height]).astype(int)
        right, bottom = np.clip(np.ceil(corners[2:]), 0, [item.width, item.height]).astype(int)
        return slice(top, bottom), slice(left, right)
