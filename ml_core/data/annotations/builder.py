"""Collects annotations in the order in which files give them, and turns them into a table in the order of images."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml_core.data.annotations.boxes import BoxFormat

#: What `Annotation.kind` says about its rings.
NO_SHAPE, POLYGONS, RLE_COUNTS, RLE_PACKED = range(4)

#: Bits of `Annotation.flags`. DERIVED: the file gives a shape alone and the box is the one around it.
CROWD, DIFFICULT, TRUNCATED, OCCLUDED, DERIVED = 1, 2, 4, 8, 16

NO_CLASS = -1
_GATHERED = 50_000  # annotations whose shapes are put into order at a time


class Annotation(NamedTuple):
    """One object in one image, as its file writes it.

    Attributes:
        category: Number of its class in the file.
        box: Four numbers in the table's way of writing.
        kind: `NO_SHAPE`, `POLYGONS`, `RLE_COUNTS` or `RLE_PACKED`.
        rings: Polygons as x, y, x, y...; a mask as height, width and its counts.
        flags: Sum of `CROWD`, `DIFFICULT`, `TRUNCATED`, `OCCLUDED`, `DERIVED`.
        area: As the file gives it; NaN where it does not.
        source_id: Its number in the file, such as the line; -1 without.
        attributes: What else the file says of it, as a JSON object; empty for nothing.
    """

    category: int
    box: Sequence[float]
    kind: int = NO_SHAPE
    rings: Sequence[Sequence[float]] = ()
    flags: int = 0
    area: float = float("nan")
    source_id: int = -1
    attributes: str = ""


@dataclass
class Columns:
    """A finished table, sorted by image; see `table` for what each column means."""

    image_offsets: NDArray[np.int64]
    label: NDArray[np.int32]
    category: NDArray[np.int64]
    box: NDArray[np.float64]
    kind: NDArray[np.uint8]
    flags: NDArray[np.uint8]
    area: NDArray[np.float64]
    source_id: NDArray[np.int64]
    attribute: NDArray[np.int32]
    ring_offsets: NDArray[np.int64]
    point_offsets: NDArray[np.int64]
    points: NDArray[np.float64]
    attributes: list[str] = field(default_factory=list)


class TableBuilder:
    """Growing columns: about 90 bytes an annotation and 8 a number of its shape.

    Args:
        box_format: How the boxes are written.
    """

    def __init__(self, box_format: BoxFormat) -> None:
        self.box_format = box_format
        self._image, self._category, self._source_id = array("q"), array("q"), array("q")
        self._box, self._area, self._points = array("d"), array("d"), array("d")
        self._kind, self._flags = array("B"), array("B")
        self._group, self._attribute = array("i"), array("i")
        self._rings, self._point_counts = array("i"), array("q")
        self._interned: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._image)

    def add(self, image: int, annotation: Annotation, group: int = 0) -> None:
        """Take one in.

        Args:
            image: Any number of its image, for `images`.
            annotation: The object.
            group: Which numbering of classes its category belongs to.
        """
        category, box, kind, rings, flags, area, source_id, attributes = annotation
        self._box.extend(box)
        self._image.append(image)
        self._category.append(category)
        self._kind.append(kind)
        self._flags.append(flags)
        self._area.append(area)
        self._source_id.append(source_id)
        self._group.append(group)
        self._attribute.append(self._interned.setdefault(attributes, len(self._interned)) if attributes else -1)
        self._rings.append(len(rings))
        for ring in rings:
            self._point_counts.append(len(ring))
            self._points.extend(ring)

    def images(self) -> NDArray[np.int64]:
        """The number of the image of each annotation, in the order they came."""
        return _view(self._image, np.int64)

    def distinct_categories(self, group: int = 0) -> list[int]:
        """Every category of a group that occurs, in order."""
        mine = _view(self._category, np.int64)[_view(self._group, np.int32) == group]
        return [int(category) for category in np.unique(mine)]

    def finish(self, positions: NDArray[np.int64], images: int, label_of: Sequence[dict[int, int]]) -> Columns:
        """The table of those whose image has a position. Nothing can be added any more.

        Args:
            positions: Position of the image of each annotation, in the order they came; -1 leaves it out.
            images: How many images the version has.
            label_of: For each group, category to index of the class. Others get `NO_CLASS`.
        """
        order = np.argsort(positions, kind="stable")
        order = order[np.searchsorted(positions[order], 0) :]
        counts = np.bincount(positions[order], minlength=images) if len(order) else np.zeros(images, dtype=np.int64)
        rings = _view(self._rings, np.int32)
        point_counts = _view(self._point_counts, np.int64)
        ring_rows = _ranges(_offsets(rings)[:-1][order], rings[order])
        point_lengths = point_counts[ring_rows]
        points = np.empty(int(point_lengths.sum()), dtype=np.float64)
        _gather(_view(self._points, np.float64), _offsets(point_counts)[:-1][ring_rows], point_lengths, points)
        return Columns(
            _offsets(counts), self.labels(label_of)[order], _view(self._category, np.int64)[order],
            _view(self._box, np.float64).reshape(-1, 4)[order], _view(self._kind, np.uint8)[order],
            _view(self._flags, np.uint8)[order], _view(self._area, np.float64)[order],
            _view(self._source_id, np.int64)[order], _view(self._attribute, np.int32)[order],
            _offsets(rings[order]), _offsets(point_lengths), points, list(self._interned),
        )  # fmt: skip

    def labels(self, label_of: Sequence[dict[int, int]]) -> NDArray[np.int32]:
        """Index of the class of each annotation in the order they came."""
        labels = np.full(len(self), NO_CLASS, dtype=np.int32)
        groups, categories = _view(self._group, np.int32), _view(self._category, np.int64)
        for group, mapping in enumerate(label_of):
            mine = groups == group
            known, inverse = np.unique(categories[mine], return_inverse=True)
            labels[mine] = np.array([mapping.get(int(key), NO_CLASS) for key in known], dtype=np.int32)[inverse]
        return labels


def _view(values: array[Any], kind: Any) -> NDArray[Any]:
    return np.frombuffer(values, dtype=kind) if values else np.zeros(0, dtype=kind)


def _offsets(counts: NDArray[Any]) -> NDArray[np.int64]:
    """Where each of the runs begins, and at the end where the last one ends."""
    return np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))


def _ranges(starts: NDArray[np.int64], lengths: NDArray[Any]) -> NDArray[np.int64]:
    """The numbers ``start, start + 1 ... start + length - 1`` of all runs, one behind another."""
    ends = np.cumsum(lengths, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    numbers: NDArray[np.int64] = np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - lengths), lengths)
    return numbers


def _gather(source: NDArray[Any], starts: NDArray[np.int64], lengths: NDArray[np.int64], target: NDArray[Any]) -> None:
    """Copy runs of ``source`` one behind another; the index of a part at a time, since it is as large as the data."""
    done = 0
    for part in _parts(len(starts)):
        index = _ranges(starts[part], lengths[part])
        target[done : done + len(index)] = source[index]
        done += len(index)


def _parts(count: int) -> Iterator[slice]:
    for start in range(0, count, _GATHERED):
        yield slice(start, start + _GATHERED)
