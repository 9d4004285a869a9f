"""COCO: ``annotations/instances_<split>.json`` beside ``images/<split>``, written entry by entry."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any, Final, TextIO

import numpy as np

from ml_core.data.annotations.builder import (
    CROWD,
    DERIVED,
    DIFFICULT,
    NO_SHAPE,
    OCCLUDED,
    POLYGONS,
    RLE_PACKED,
    TRUNCATED,
)
from ml_core.data.annotations.rle import mask_area, pack_counts
from ml_core.data.annotations.table import NOT_NAMED
from ml_core.data.export.shapes import polygon_area
from ml_core.data.export.sink import Sink
from ml_core.data.export.source import Losses, Row, Source, item_source, plain_number

_FLAGS: Final = {"difficult": DIFFICULT, "truncated": TRUNCATED, "occluded": OCCLUDED}
_IMAGE_WORDS: Final = "What XML files say of images (folder, source...)."


def write_coco(source: Source, sink: Sink, losses: Losses, *, boxes_only: bool, step: Callable[[], None]) -> int:
    """Write everything and return the number of annotations written."""
    assert source.table is not None
    names = source.new_names(one_folder=False)
    writer = _Writer(source, losses, boxes_only)
    for item, name in zip(source.items, names, strict=True):
        sink.image(f"images/{item.split}/{name}", item_source(source.root, item), item.sha256)
        step()
    for split in source.splits():
        with sink.text(f"annotations/instances_{split}.json") as stream:
            writer.write_split(split, names, stream)
    return writer.written


class _Writer:
    """Writes the file of each split; numbers of annotations go on through all of them."""

    def __init__(self, source: Source, losses: Losses, boxes_only: bool) -> None:
        assert source.table is not None
        self._source, self._losses, self._boxes_only = source, losses, boxes_only
        self._table = source.table
        self._is_coco = source.facts["source_format"] == "coco"
        self._image_words = source.table.image_attributes()
        self._id_of_label: dict[int, int] = {
            entry["label"]: entry["id"] for entry in reversed(source.table.facts.categories)
        }
        self._keeps_ids = self._is_coco and _all_different(source.table.source_id)
        self.written = 0

    def write_split(self, split: str, names: list[str], stream: TextIO) -> None:
        """One file."""
        positions = [n for n, item in enumerate(self._source.items) if item.split == split]
        listed = [n for n in positions if self._table.image_state[n] != NOT_NAMED]
        ids = self._image_ids(listed)
        head = json.dumps(self._head(split))
        stream.write(head[:-1] + (", " if len(head) > 2 else "") + '"images": [')
        _write_entries(stream, (self._image(n, names[n], ids[n]) for n in listed))
        stream.write('], "annotations": [')
        _write_entries(stream, (self._annotation(row, ids[n]) for n in listed for row in self._source.rows(n, "xywh")))
        stream.write('], "categories": ' + json.dumps(self._categories()) + "}\n")

    def _head(self, split: str) -> dict[str, Any]:
        """``info``, ``licenses`` and the like of the file that this split came from, or else of the first."""
        files: dict[str, dict[str, Any]] = self._table.facts.source.get("files", {})
        mine = [head for path, head in files.items() if split in path] or list(files.values())
        return mine[0] if mine else {}

    def _image_ids(self, positions: list[int]) -> dict[int, int | str]:
        words = self._image_words
        ids: dict[int, int | str] = {n: words[n]["id"] for n in positions if words and "id" in words[n]}
        ids |= {n: int(self._table.image_id[n]) for n in positions if n not in ids and self._table.image_id[n] >= 0}
        return ids if len(set(ids.values())) == len(positions) else {n: n + 1 for n in positions}

    def _image(self, position: int, name: str, number: int | str) -> dict[str, Any]:
        item = self._source.items[position]
        entry: dict[str, Any] = {"id": number, "file_name": name, "width": item.width, "height": item.height}
        words = self._image_words[position] if self._image_words else {}
        if self._is_coco:
            entry |= {key: value for key, value in words.items() if key != "id"}
        else:
            self._losses.note(_IMAGE_WORDS, bool(words))
        return entry

    def _annotation(self, row: Row, image: int | str) -> dict[str, Any]:
        annotation = row.annotation
        self.written += 1
        entry: dict[str, Any] = {
            "id": annotation.source_id if self._keeps_ids else self.written,
            "image_id": image,
            "category_id": self._category(row),
            "iscrowd": int(bool(annotation.flags & CROWD)),
        }
        if not (self._is_coco and annotation.flags & DERIVED):
            entry["bbox"] = [plain_number(value) for value in annotation.box]
        if annotation.kind and self._boxes_only:
            self._losses.note("Shapes that are written as boxes.")
            entry["bbox"] = [plain_number(value) for value in annotation.box]
        elif annotation.kind or self._is_coco:
            entry["segmentation"] = _segmentation(row)
        if not math.isnan(annotation.area):
            entry["area"] = plain_number(annotation.area)
        elif not self._is_coco:
            entry["area"] = _area(row)
        entry |= {word: 1 for word, bit in _FLAGS.items() if annotation.flags & bit}
        return {**row.attributes, **entry}

    def _category(self, row: Row) -> int:
        """The number of old where COCO files gave one; else labels from 1 on."""
        if self._is_coco:
            return self._id_of_label.get(row.label, row.annotation.category)
        return row.label + 1 if row.label >= 0 else len(self._source.classes) + 1 + row.annotation.category

    def _categories(self) -> list[dict[str, Any]]:
        if not self._is_coco:
            return [{"id": label + 1, "name": name} for label, name in enumerate(self._source.classes)]
        return [
            {key: value for key, value in entry.items() if key != "label"} for entry in self._table.facts.categories
        ]


def _write_entries(stream: TextIO, entries: Iterator[dict[str, Any]]) -> None:
    separator = "\n"
    for entry in entries:
        stream.write(separator + json.dumps(entry))
        separator = ",\n"


def _segmentation(row: Row) -> Any:
    kind, rings = row.annotation.kind, row.annotation.rings
    if kind == NO_SHAPE:
        return []
    if kind == POLYGONS:
        return [[plain_number(value) for value in ring] for ring in rings]
    height, width, *counts = (int(value) for value in rings[0])
    packed = pack_counts(np.array(counts, dtype=np.int64)) if kind == RLE_PACKED else counts
    return {"size": [height, width], "counts": packed}


def _area(row: Row) -> float:
    kind, rings, box = row.annotation.kind, row.annotation.rings, row.annotation.box
    if kind == POLYGONS:
        return polygon_area(rings)
    if kind == NO_SHAPE:
        return box[2] * box[3]
    return float(mask_area(np.array(rings[0][2:]).astype(np.int64)))


def _all_different(numbers: Any) -> bool:
    return len(np.unique(numbers)) == len(numbers) and (len(numbers) == 0 or int(numbers.min()) >= 0)
