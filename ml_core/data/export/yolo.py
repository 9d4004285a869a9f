"""YOLO as Ultralytics lays it out: ``images/<split>``, ``labels/<split>``, ``data.yaml``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import yaml

from ml_core.data.annotations.boxes import as_box, bounds
from ml_core.data.annotations.builder import CROWD, DERIVED, POLYGONS
from ml_core.data.annotations.table import NOT_NAMED
from ml_core.data.export.shapes import join_rings
from ml_core.data.export.sink import Sink
from ml_core.data.export.source import Losses, Row, Source, item_source
from ml_core.data.file_index import stem

_NO_NAME: Final = "Annotations whose class has no name, so that it has no number in the new list."
_MASK: Final = "Masks that are written as boxes: YOLO has polygons only."
_CROWD: Final = "Marks for crowds."
_FLAGS: Final = "Marks for difficult, truncated or occluded objects."
_JOINED: Final = "Shapes of several polygons that were joined to one by thin bridges."
_BOUNDS: Final = "Boxes that are no longer given: YOLO takes them from the polygon."
_ATTRIBUTES: Final = "Attributes of annotations."
_NEAR: Final = 1e-6  # shares of an image


def write_yolo(source: Source, sink: Sink, losses: Losses, *, boxes_only: bool, step: Callable[[], None]) -> int:
    """Write everything and return the number of annotations written."""
    assert source.table is not None
    names = source.new_names(one_folder=False)
    own_numbers = source.facts["source_format"] == "yolo"
    written = 0
    for position, (item, name) in enumerate(zip(source.items, names, strict=True)):
        sink.image(f"images/{item.split}/{name}", item_source(source.root, item), item.sha256)
        if source.table.image_state[position] != NOT_NAMED:
            lines = []
            for row in source.rows(position, "cxcywhn"):
                if row.label < 0 and not own_numbers:
                    losses.leave_out_annotation(item.path, _NO_NAME)
                    continue
                lines.append(_line(row, own_numbers, boxes_only, losses))
            written += len(lines)
            with sink.text(f"labels/{item.split}/{stem(name)}.txt") as stream:
                stream.writelines(line + "\n" for line in lines)
        step()
    _write_description(source, sink, own_numbers)
    return written


def _line(row: Row, own_numbers: bool, boxes_only: bool, losses: Losses) -> str:
    annotation = row.annotation
    number = annotation.category if own_numbers else row.label
    values = [float(value) for value in annotation.box]
    attributes = dict(row.attributes)
    if annotation.kind == POLYGONS and not boxes_only:
        if len(annotation.rings) > 1:
            losses.note(_JOINED)
        values = join_rings(annotation.rings)
        if not annotation.flags & DERIVED and _differs(annotation.box, as_box(bounds(values), "cxcywhn")):
            losses.note(_BOUNDS)
    elif annotation.kind:
        losses.note(_MASK if annotation.kind != POLYGONS else "Polygons that are written as boxes.")
    else:
        values += [float(value) for value in attributes.pop("yolo_keypoints", ())]
        if "confidence" in attributes and len(values) == 4:
            values.append(float(attributes.pop("confidence")))
    losses.note(_CROWD, bool(annotation.flags & CROWD))
    losses.note(_FLAGS, bool(annotation.flags & ~(CROWD | DERIVED)))
    losses.note(_ATTRIBUTES, bool(attributes))
    return " ".join([str(number), *(repr(value) for value in values)])


def _differs(one: object, other: tuple[float, ...]) -> bool:
    assert isinstance(one, list)
    return any(abs(a - b) > _NEAR for a, b in zip(one, other, strict=True))


def _write_description(source: Source, sink: Sink, own_numbers: bool) -> None:
    assert source.table is not None
    names = dict(enumerate(source.classes))
    if own_numbers:
        names = {entry["id"]: entry["name"] for entry in source.table.facts.categories}
    folders = {split: f"images/{split}" for split in source.splits()}
    description = {"path": ".", **folders, "names": names}
    shape = source.table.facts.source.get("kpt_shape")
    if shape:
        description["kpt_shape"] = shape
    with sink.text("data.yaml") as stream:
        yaml.safe_dump(description, stream, allow_unicode=True, sort_keys=False)
