"""Writes the version that changes make of an old one. Images and the old version stay as they are."""

from __future__ import annotations

import os
import shutil
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ml_core.data.annotations.boxes import bounds, convert
from ml_core.data.annotations.builder import DERIVED, NO_SHAPE, POLYGONS, Annotation, Columns, TableBuilder
from ml_core.data.annotations.table import (
    EMPTY,
    FOLDER,
    LABELLED,
    AnnotationTable,
    ImageColumns,
    write_table,
)
from ml_core.data.formats.base import SPLITS, Split
from ml_core.data.import_order import ImportReporter
from ml_core.data.label_findings import find_in_labels, open_labelled
from ml_core.data.labelled_version import count_labelled
from ml_core.data.manifest import (
    ITEMS_FILE,
    REJECTS_FILE,
    VERSION_FILE,
    Fingerprint,
    Item,
    Reject,
    RejectWriter,
    read_items,
    read_version,
)
from ml_core.data.revision.changes import Changes, Corners, Rings
from ml_core.data.version_writer import Tally
from ml_core.errors import FormatError
from ml_core.run.files import sync_folder, write_json_atomic

_BACK = "Choose the version before, which still has it."
_EVERY = 1000


@dataclass(frozen=True)
class _Old:
    """The version that is changed."""

    folder: Path
    facts: dict[str, Any]
    items: list[Item]
    table: AnnotationTable | None


def revise(old: Path, new: Path, changes: Changes, run: ImportReporter, *, reason: str = "") -> dict[str, Any]:
    """Write the new version folder and return the content of its ``version.json``.

    ``parent`` in it is the fingerprint of the old version and ``revision`` says what was done; ``rejects.csv`` names
    what was left out.

    Raises:
        FormatError: ``revision.nothing``, ``revision.empty`` or ``revision.task``; ``version.exists``.
    """
    if new.exists():
        raise FormatError("There is such a version already.", code="version.exists", where=new.name)
    if not changes.counts():
        raise FormatError("There is nothing to change.", code="revision.nothing", hint="Choose another fix.")
    facts = read_version(old, ("classify", "detect"))
    table = AnnotationTable(old) if facts["task"] == "detect" else None
    _refuse_other_task(changes, table)
    before = _Old(old, facts, list(read_items(old)), table)
    partial = new.with_name(f".{new.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        version = _write(before, partial, changes, run, reason)
        partial.rename(new)
        sync_folder(new.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return version


def _refuse_other_task(changes: Changes, table: AnnotationTable | None) -> None:
    of_boxes = changes.remove or changes.label or changes.corners or changes.rings or changes.add or changes.mark_empty
    if (of_boxes and table is None) or (changes.image_class and table is not None):
        raise FormatError("These changes are for data sets of another kind.", code="revision.task",
                          hint="Change boxes where there are boxes, and classes of images elsewhere.")  # fmt: skip


def _write(old: _Old, partial: Path, changes: Changes, run: ImportReporter, reason: str) -> dict[str, Any]:
    kept = [n for n in range(len(old.items)) if n not in changes.leave_out]
    if not kept:
        raise FormatError("No image would be left.", code="revision.empty", hint="Leave out fewer images.")
    classes = list(changes.classes or old.facts["classes"])
    items = [_changed_item(old.items[n], changes, n) for n in kept]
    fingerprint = Fingerprint(old.facts["task"], tuple(classes))
    with (partial / ITEMS_FILE).open("w", encoding="utf-8") as stream:
        for item in items:
            stream.write(item.as_line())
            fingerprint.add(item)
        stream.flush()
        os.fsync(stream.fileno())
    lost = _write_rejects(old, partial, changes, reason)
    version = {**old.facts, "classes": classes, "parent": old.facts["fingerprint"], "rejects": {},
               "revision": {"reason": reason, "changes": changes.counts()}}  # fmt: skip
    tally = Tally(files=len(old.items), images=len(items), total_bytes=sum(item.size_bytes for item in items))
    splits: list[Split] = [item.split for item in items]
    if old.table is None:
        version["counts"] = _count_classes(tally, items, len(classes), len(changes.leave_out))
    else:
        columns, facts = _new_table(old.table, old.items, kept, changes, classes, run)
        images = _image_columns(old.table, kept, changes, columns)
        fingerprint.add_table(write_table(partial / FOLDER, facts, columns, images))
        tally.annotations_lost, tally.annotations_read = lost, len(columns.label) + lost
        version["counts"] = count_labelled(tally, columns, len(classes), splits)
        version["counts"]["rejected"] = len(changes.leave_out)
    version["fingerprint"] = str(fingerprint)
    write_json_atomic(partial / VERSION_FILE, version)
    if old.table is not None:
        version["findings"] = find_in_labels(open_labelled(partial))
        found = [entry["message"] for entry in version["findings"] if entry["severity"] != "info"]
        version["warnings"] = found + [f"The split {s} is empty." for s in ("train", "val") if s not in splits]
        write_json_atomic(partial / VERSION_FILE, version)
    return version


def _changed_item(item: Item, changes: Changes, position: int) -> Item:
    return replace(item, label=changes.image_class.get(position, item.label),
                   split=changes.split.get(position, item.split))  # fmt: skip


def _write_rejects(old: _Old, partial: Path, changes: Changes, reason: str) -> int:
    """Name what goes; returns how many annotations do."""
    why = f"It was left out: {reason}." if reason else "It was left out by hand."
    lost = 0
    with (partial / REJECTS_FILE).open("w", encoding="utf-8", newline="") as stream:
        rejects = RejectWriter(stream, with_annotations=old.table is not None)
        for position, item in enumerate(old.items):
            rows = range(0) if old.table is None else old.table.of_image(position)
            if position in changes.leave_out:
                rejects.write(Reject(item.path, why, _BACK, annotations=len(rows)))
                lost += len(rows)
                continue
            for row in rows:
                if row in changes.remove:
                    rejects.write(Reject(f"{item.path}: annotation {row}", why, _BACK, annotations=1))
                    lost += 1
    return lost


def _count_classes(tally: Tally, items: list[Item], classes: int, left_out: int) -> dict[str, Any]:
    per_class = [dict.fromkeys(SPLITS, 0) for _ in range(classes)]
    for item in items:
        per_class[item.label][item.split] += 1
    return {"files": tally.files, "images": tally.images, "rejected": left_out, "other_files": 0,
            "bytes": tally.total_bytes, "classes": per_class,
            "splits": {split: sum(row[split] for row in per_class) for split in SPLITS}}  # fmt: skip


def _new_table(
    table: AnnotationTable,
    items: list[Item],
    kept: list[int],
    changes: Changes,
    classes: list[str],
    run: ImportReporter,
) -> tuple[Columns, Any]:
    builder, labels = TableBuilder(table.box_format), array("i")
    new_rows: dict[int, list[tuple[int, Corners]]] = {}
    for image, label, corners in changes.add:
        new_rows.setdefault(image, []).append((label, corners))
    number_of = {entry["label"]: int(entry["id"]) for entry in reversed(table.facts.categories)}
    free = max([*number_of.values(), -1]) + 1
    for label in range(len(classes)):
        if label not in number_of:
            number_of[label], free = free, free + 1
    for place, position in enumerate(kept):
        if place % _EVERY == 0:
            run.raise_if_requested()
            run.progress(place, len(kept), "images", "write")
        size = np.array([[items[position].width, items[position].height]])
        for label, annotation in _old_rows(table, position, changes, size, number_of):
            builder.add(place, annotation)
            labels.append(label)
        for label, corners in new_rows.get(position, ()):
            box = convert(np.array([corners]), "xyxy", table.box_format, size)[0].tolist()
            builder.add(place, Annotation(number_of[label], box))
            labels.append(label)
    columns = builder.finish(builder.images(), len(kept), [{}])
    columns.label = np.array(labels, dtype=np.int32)
    described = {entry["label"]: entry for entry in reversed(table.facts.categories)}
    categories = [{**described.get(label, {}), "id": number_of[label], "name": name, "label": label}
                  for label, name in enumerate(classes)]  # fmt: skip
    return columns, replace(table.facts, categories=categories)


def _old_rows(
    table: AnnotationTable, position: int, changes: Changes, size: Any, number_of: dict[int, int]
) -> Iterator[tuple[int, Annotation]]:
    for row in table.of_image(position):
        if row in changes.remove:
            continue
        label, category = int(table.label[row]), int(table.category[row])
        if row in changes.label:
            label = changes.label[row]
            category = number_of[label]
        attribute = int(table.attribute[row])
        kind = int(table.kind[row])
        annotation = Annotation(
            category, table.box[row].tolist(), kind, [ring.tolist() for ring in table.rings(row)],
            int(table.flags[row]), float(table.area[row]), int(table.source_id[row]),
            table.attribute_lines[attribute] if attribute >= 0 else "",
        )  # fmt: skip
        if row in changes.rings:
            annotation = _reshaped(annotation, changes.rings[row], table, size)
        elif row in changes.corners:
            annotation = _moved(annotation, changes.corners[row], table, size)
        yield label, annotation


def _reshaped(annotation: Annotation, rings: Rings, table: AnnotationTable, size: Any) -> Annotation:
    """The annotation with other polygons and the box around them; the area is forgotten."""
    box = convert(np.array([bounds([n for ring in rings for n in ring])]), "xyxy", table.box_format, size)[0]
    scale = size[0] if table.box_format == "cxcywhn" else np.array([1, 1])
    written = [(np.array(ring).reshape(-1, 2) / scale).ravel().tolist() for ring in rings]
    return annotation._replace(box=box.tolist(), kind=POLYGONS, rings=written, area=float("nan"))


def _moved(annotation: Annotation, corners: Corners, table: AnnotationTable, size: Any) -> Annotation:
    """The annotation with another box: polygons are stretched along, a mask is given up, the area is forgotten."""
    box = convert(np.array([corners]), "xyxy", table.box_format, size)[0].tolist()
    moved = annotation._replace(box=box, area=float("nan"))
    if annotation.kind != POLYGONS:
        return moved._replace(kind=NO_SHAPE, rings=(), flags=annotation.flags & ~DERIVED)
    scale = size[0] if table.box_format == "cxcywhn" else np.array([1, 1])
    before = convert(np.array([annotation.box]), table.box_format, "xyxy", size)[0]
    extent = np.where(before[2:] > before[:2], before[2:] - before[:2], 1.0)
    after = np.array(corners)
    rings = []
    for ring in annotation.rings:
        points = (np.array(ring).reshape(-1, 2) * scale - before[:2]) / extent
        rings.append(((points * (after[2:] - after[:2]) + after[:2]) / scale).ravel().tolist())
    return moved._replace(rings=rings)


def _image_columns(table: AnnotationTable, kept: list[int], changes: Changes, columns: Columns) -> ImageColumns:
    state = np.asarray(table.image_state)[kept]
    named = np.array([n in changes.mark_empty for n in kept], dtype=bool)
    counts = np.diff(columns.image_offsets)
    state = np.where(counts > 0, LABELLED, np.where(named | (state == LABELLED), EMPTY, state)).astype(np.uint8)
    lines = table.image_attribute_lines
    return ImageColumns(state, np.asarray(table.image_id)[kept], np.asarray(table.declared_size)[kept],
                        [lines[n] for n in kept] if lines else ())  # fmt: skip
