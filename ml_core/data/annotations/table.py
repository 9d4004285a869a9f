"""The annotation table of a version: the folder ``annotations`` beside ``items.jsonl``.

Arrays of NumPy, one file a column, mapped into memory; N annotations sorted by the position of their image, in the
order of their file within it. ``annotations.json`` holds what is said once.

==================  ===============  ==========================================================================
image_offsets       int64 (I + 1)    annotations of image i are the rows image_offsets[i] .. image_offsets[i + 1]
label               int32 (N)        index into the version's classes; -1: the file names no such class
category            int64 (N)        number of the class in the file
box                 float64 (N, 4)   as written in the file, see ``box_format`` and `boxes`
kind                uint8 (N)        0 no shape, 1 polygons, 2 mask (counts as a list), 3 mask (counts as text)
flags               uint8 (N)        1 crowd, 2 difficult, 4 truncated, 8 occluded, 16 box made from the shape
area                float64 (N)      as the file gives it, NaN where it does not
source_id           int64 (N)        id or line in the file, -1 without
attribute           int32 (N)        line of ``attributes.jsonl`` with what else the file says, -1 for nothing
ring_offsets        int64 (N + 1)    rings of row n are ring_offsets[n] .. ring_offsets[n + 1]
point_offsets       int64 (R + 1)    numbers of ring r are point_offsets[r] .. point_offsets[r + 1]
points              float64 (P)      polygons x, y, x, y... as written; a mask as height, width, counts...
image_state         uint8 (I)        0 no label file names the image, 1 it says there is nothing, 2 it has annotations
image_id            int64 (I)        id of the image in the file, -1 without
declared_size       int32 (I, 2)     width and height that the label file claims, 0 where it does not
==================  ===============  ==========================================================================

``image_attributes.jsonl`` has a line an image with what else the file says of it (``{}`` for nothing).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.data.annotations.boxes import Boxes, BoxFormat, to_xyxy
from ml_core.data.annotations.builder import POLYGONS, RLE_COUNTS, Columns
from ml_core.data.annotations.rle import Counts, decode_mask
from ml_core.data.manifest import Item
from ml_core.errors import FormatError
from ml_core.run.files import write_json_atomic

FORMAT: Final = 1
FOLDER: Final = "annotations"
FACTS_FILE: Final = "annotations.json"
ATTRIBUTES_FILE: Final = "attributes.jsonl"
IMAGE_ATTRIBUTES_FILE: Final = "image_attributes.jsonl"
NOT_NAMED, EMPTY, LABELLED = range(3)
_FROM_COLUMNS: Final = tuple(entry.name for entry in fields(Columns) if entry.name != "attributes")
_OF_IMAGES: Final = ("image_state", "image_id", "declared_size")
_HASHED: Final = (
    "image_offsets",
    "label",
    "category",
    "box",
    "kind",
    "flags",
    "ring_offsets",
    "point_offsets",
    "points",
    "image_state",
)


@dataclass
class ImageColumns:
    """What label files say about images, in the order of the version."""

    state: NDArray[np.uint8]
    source_id: NDArray[np.int64]
    declared_size: NDArray[np.int32]
    attributes: Sequence[str] = ()


@dataclass
class TableFacts:
    """What is said once.

    Attributes:
        box_format: How ``box`` and polygons are written.
        categories: The categories as the files give them: ``{"id", "name", "label", ...}``.
        source: Head of the label files, such as ``info`` and ``licenses`` of COCO.
    """

    box_format: BoxFormat
    categories: list[dict[str, Any]] = field(default_factory=list)
    source: dict[str, Any] = field(default_factory=dict)


def write_table(folder: Path, facts: TableFacts, columns: Columns, images: ImageColumns) -> str:
    """Write the table into the new folder ``folder`` and return the SHA-256 of what training sees of it."""
    folder.mkdir()
    arrays: dict[str, NDArray[Any]] = {name: getattr(columns, name) for name in _FROM_COLUMNS}
    arrays |= dict(zip(_OF_IMAGES, (images.state, images.source_id, images.declared_size), strict=True))
    digest = hashlib.sha256(facts.box_format.encode())
    for name, values in arrays.items():
        with (folder / f"{name}.npy").open("wb") as stream:
            np.save(stream, values, allow_pickle=False)
            stream.flush()
            os.fsync(stream.fileno())
        if name in _HASHED:
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(values).data)
    _write_lines(folder / ATTRIBUTES_FILE, columns.attributes)
    if any(images.attributes):
        _write_lines(folder / IMAGE_ATTRIBUTES_FILE, (text or "{}" for text in images.attributes))
    write_json_atomic(folder / FACTS_FILE, {
        "format": FORMAT, "annotations": len(columns.label), "images": len(columns.image_offsets) - 1,
        "box_format": facts.box_format, "categories": facts.categories, "source": facts.source,
    })  # fmt: skip
    return digest.hexdigest()


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for line in lines:
            stream.write(line + "\n")


class AnnotationTable:
    """A table on the disk; columns are mapped, so that opening costs nothing and only what is looked at is read.

    Args:
        version: Folder of the version.

    Raises:
        FormatError: ``version.damaged``, a column is missing or does not fit the others.
    """

    image_offsets: NDArray[np.int64]
    label: NDArray[np.int32]
    category: NDArray[np.int64]
    box: Boxes
    kind: NDArray[np.uint8]
    flags: NDArray[np.uint8]
    area: NDArray[np.float64]
    source_id: NDArray[np.int64]
    attribute: NDArray[np.int32]
    ring_offsets: NDArray[np.int64]
    point_offsets: NDArray[np.int64]
    points: NDArray[np.float64]
    image_state: NDArray[np.uint8]
    image_id: NDArray[np.int64]
    declared_size: NDArray[np.int32]

    def __init__(self, version: Path) -> None:
        self._folder = version / FOLDER
        try:
            facts = json.loads((self._folder / FACTS_FILE).read_text(encoding="utf-8"))
            for name in (*_FROM_COLUMNS, *_OF_IMAGES):
                setattr(self, name, np.load(self._folder / f"{name}.npy", mmap_mode="r", allow_pickle=False))
            self.facts = TableFacts(facts["box_format"], facts["categories"], facts["source"])
            whole = facts["format"] == FORMAT and self._fits(facts["annotations"], facts["images"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _damaged() from error
        if not whole:
            raise _damaged()

    def _fits(self, annotations: int, images: int) -> bool:
        rows = {len(getattr(self, name)) for name in ("label", "category", "box", "kind", "flags", "area", "source_id",
                                                      "attribute")}  # fmt: skip
        return (
            rows == {annotations}
            and len(self.image_offsets) == images + 1
            and len(self.image_state) == len(self.declared_size) == len(self.image_id) == images
            and int(self.image_offsets[-1]) == annotations == len(self.ring_offsets) - 1
            and int(self.ring_offsets[-1]) == len(self.point_offsets) - 1
            and int(self.point_offsets[-1]) == len(self.points)
        )

    def __len__(self) -> int:
        return len(self.label)

    @property
    def images(self) -> int:
        """Number of images."""
        return len(self.image_offsets) - 1

    @property
    def box_format(self) -> BoxFormat:
        """How ``box`` and polygons are written."""
        return self.facts.box_format

    def of_image(self, position: int) -> range:
        """Rows of the image at this position."""
        return range(int(self.image_offsets[position]), int(self.image_offsets[position + 1]))

    @cached_property
    def image_of(self) -> NDArray[np.int64]:
        """Position of the image of each row."""
        return np.repeat(np.arange(self.images), np.diff(self.image_offsets))

    @cached_property
    def first_label(self) -> NDArray[np.int32]:
        """The class of the first annotation of each image, -1 where it has none or one without a class."""
        first = np.asarray(self.image_offsets[:-1])
        filled = first < self.image_offsets[1:]
        labels = np.full(self.images, -1, dtype=np.int32)
        labels[filled] = self.label[first[filled]]
        return labels

    def corners(self, sizes: NDArray[np.int64]) -> Boxes:
        """Left, top, right, bottom of every box in pixels, float64 (N, 4).

        Args:
            sizes: (I, 2) width and height of the images, see `image_sizes`.
        """
        return to_xyxy(self.box, self.box_format, sizes[self.image_of])

    def corners_of(self, position: int, width: int, height: int) -> Boxes:
        """Corners in pixels of the boxes of one image."""
        rows = self.of_image(position)
        sizes = np.tile(np.array([[width, height]]), (len(rows), 1))
        return to_xyxy(self.box[rows.start : rows.stop], self.box_format, sizes)

    def rings(self, row: int) -> list[NDArray[np.float64]]:
        """The numbers of each ring of a row as they are written."""
        first, last = int(self.ring_offsets[row]), int(self.ring_offsets[row + 1])
        cuts = self.point_offsets[first : last + 1]
        return [np.array(self.points[a:b]) for a, b in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)]

    def polygons(self, row: int, width: int, height: int) -> list[NDArray[np.float64]]:
        """Polygons of a row in pixels, each (K, 2); empty where it has none."""
        if self.kind[row] != POLYGONS:
            return []
        scale = np.array([width, height]) if self.box_format == "cxcywhn" else np.array([1, 1])
        return [ring.reshape(-1, 2) * scale for ring in self.rings(row)]

    def run_lengths(self, row: int) -> tuple[int, int, Counts] | None:
        """Height, width and counts of a row that is a mask."""
        if self.kind[row] < RLE_COUNTS:
            return None
        values = self.rings(row)[0].astype(np.int64)
        return int(values[0]), int(values[1]), values[2:]

    def mask(self, row: int) -> NDArray[np.bool_] | None:
        """The pixels of a row that is a mask, bool (height, width)."""
        known = self.run_lengths(row)
        return None if known is None else decode_mask(*known)

    @cached_property
    def attributes(self) -> list[dict[str, Any]]:
        """The distinct objects that ``attribute`` points to."""
        return [json.loads(line) for line in self.attribute_lines]

    @cached_property
    def attribute_lines(self) -> list[str]:
        """The same as JSON."""
        return _lines(self._folder / ATTRIBUTES_FILE)

    def image_attributes(self) -> list[dict[str, Any]]:
        """What label files say of images beyond the columns; empty where they say nothing of any."""
        return [json.loads(line) for line in self.image_attribute_lines]

    @cached_property
    def image_attribute_lines(self) -> list[str]:
        """The same as JSON."""
        return _lines(self._folder / IMAGE_ATTRIBUTES_FILE)


def image_sizes(items: Iterable[Item]) -> NDArray[np.int64]:
    """Width and height of each image, int64 (I, 2)."""
    return np.array([(item.width, item.height) for item in items], dtype=np.int64).reshape(-1, 2)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []


def _damaged() -> FormatError:
    return FormatError("The annotations of the version are damaged or missing.", code="version.damaged",
                       hint="Import the data set again.", where=FOLDER)  # fmt: skip
