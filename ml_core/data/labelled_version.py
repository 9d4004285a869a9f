"""From what was read of images and labels to the version folder: list of images, annotation table, ``version.json``."""

from __future__ import annotations

import os
from array import array
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_core.data.annotations.builder import CROWD, NO_CLASS, POLYGONS, Columns
from ml_core.data.annotations.table import FOLDER, write_table
from ml_core.data.formats.base import SPLITS, Candidate, Split
from ml_core.data.import_labels import Taken
from ml_core.data.import_order import ImportOrder
from ml_core.data.label_findings import LabelledImages, find_in_labels
from ml_core.data.manifest import FORMAT, ITEMS_FILE, VERSION_FILE, Fingerprint
from ml_core.data.version_writer import SCAN_FILE, Tally, decide_splits, items_of_scan
from ml_core.run.files import write_json_atomic


def write_labelled_version(
    order: ImportOrder, root: Path, candidate: Candidate, taken: Taken, partial: Path
) -> dict[str, Any]:
    """Write images, annotations and ``version.json`` into the folder ``partial``; returns the latter's content."""
    tally, columns, classes = taken.tally, taken.columns, taken.categories.classes
    rarest = _rarest_class(columns, len(classes)).tolist()
    given = [split for _, _, split in tally.digests]
    tally.digests = [(label, digest, split) for label, (_, digest, split) in zip(rarest, tally.digests, strict=True)]
    splits = decide_splits(order, tally)
    fingerprint = Fingerprint("detect", classes)
    images = _write_items(taken, splits, partial, fingerprint)
    fingerprint.add_table(write_table(partial / FOLDER, taken.facts, columns, taken.images))
    findings = find_in_labels(images)
    version: dict[str, Any] = {
        "format": FORMAT,
        "task": "detect",
        "classes": list(classes),
        "counts": count_labelled(tally, columns, len(classes), splits),
        "fingerprint": str(fingerprint),
        "root_hint": root.name,
        "source_format": candidate.format,
        "labels": list(candidate.labels),
        "evidence": list(candidate.evidence),
        "warnings": [*candidate.warnings, *taken.categories.warnings, *_warnings(order, tally, given, splits),
                     *(finding["message"] for finding in findings if finding["severity"] != "info")],
        "rejects": dict((tally.reasons + tally.row_reasons).most_common()),
        "findings": findings,
        "splits": {"given": any(given) and order.use_given_splits, "seed": order.seed, "val": order.val,
                   "test": order.test},
    }  # fmt: skip
    version["warnings"] = list(dict.fromkeys(version["warnings"]))
    write_json_atomic(partial / VERSION_FILE, version)
    return version


def _rarest_class(columns: Columns, classes: int) -> NDArray[np.int64]:
    """Of each image the class that has the fewest annotations in the set: what splits are balanced by."""
    images = len(columns.image_offsets) - 1
    best = np.full(images, classes, dtype=np.int64)
    named = columns.label != NO_CLASS
    if named.any():
        label = columns.label[named]
        rank = np.argsort(np.argsort(np.bincount(label, minlength=classes), kind="stable"), kind="stable")
        image = np.repeat(np.arange(images), np.diff(columns.image_offsets))[named]
        np.minimum.at(best, image, rank[label])
    return best


def _write_items(taken: Taken, splits: list[Split], partial: Path, fingerprint: Fingerprint) -> LabelledImages:
    sizes, orientation = array("q"), array("B")
    modes: list[str] = []
    with (partial / ITEMS_FILE).open("w", encoding="utf-8") as stream:
        for item in items_of_scan(partial / SCAN_FILE, taken.tally, splits):
            stream.write(item.as_line())
            fingerprint.add(item)
            sizes.extend((item.width, item.height))
            orientation.append(item.orientation)
            modes.append(item.mode)
        stream.flush()
        os.fsync(stream.fileno())
    (partial / SCAN_FILE).unlink()
    return LabelledImages(
        taken.columns, taken.facts.box_format, np.array(sizes, dtype=np.int64).reshape(-1, 2), taken.images.state,
        taken.images.declared_size, np.array(orientation, dtype=np.uint8), modes,
        np.array([split == "train" for split in splits], dtype=bool), taken.categories.classes,
    )  # fmt: skip


def count_labelled(tally: Tally, columns: Columns, classes: int, splits: list[Split]) -> dict[str, Any]:
    """Numbers of files, images and annotations. Under ``classes`` stand annotations by class and split."""
    code = np.array([SPLITS.index(split) for split in splits], dtype=np.int64)
    image = np.repeat(np.arange(tally.images), np.diff(columns.image_offsets))
    named = columns.label != NO_CLASS
    table = np.bincount(columns.label[named] * len(SPLITS) + code[image[named]], minlength=classes * len(SPLITS))
    pairs = np.unique(columns.label[named].astype(np.int64) * max(1, tally.images) + image[named])
    with_class = np.bincount(pairs // max(1, tally.images), minlength=classes)
    return {
        "files": tally.files,
        "images": tally.images,
        "label_files": tally.label_files,
        "rejected": tally.faults,
        "other_files": tally.sidecars,
        "bytes": tally.total_bytes,
        "splits": {split: int((code == number).sum()) for number, split in enumerate(SPLITS)},
        "classes": [dict(zip(SPLITS, row, strict=True)) for row in table.reshape(classes, len(SPLITS)).tolist()],
        "class_images": with_class.tolist(),
        "annotations": {
            "read": tally.annotations_read,
            "kept": len(columns.label),
            "rejected": tally.annotations_lost,
            "unnamed": int((~named).sum()),
            "polygons": int((columns.kind == POLYGONS).sum()),
            "masks": int((columns.kind > POLYGONS).sum()),
            "crowds": int((columns.flags & CROWD != 0).sum()),
            "splits": {split: int((code[image] == number).sum()) for number, split in enumerate(SPLITS)},
        },
    }  # fmt: skip


def _warnings(order: ImportOrder, tally: Tally, given: list[Split | None], splits: list[Split]) -> list[str]:
    first: dict[bytes, Split] = {}
    leaks = sum(first.setdefault(digest, split) != split for (_, digest, _), split in zip(tally.digests, splits,
                                                                                         strict=True))  # fmt: skip
    lines = []
    if tally.images > len(first):
        lines.append(f"Exact copies of other images: {tally.images - len(first):,}.")
    if leaks:
        lines.append(f"Images in another split than an equal file, which makes the evaluation too good: {leaks:,}.")
    if order.use_given_splits and any(given) and not all(given):
        lines.append(f"Images that no list or folder puts into a split: {given.count(None):,}.")
    if tally.extension_differs:
        lines.append(f"Files with the extension of another format than their real one: {tally.extension_differs:,}.")
    if not tally.annotations_read:
        lines.append("There is not one annotation in it.")
    lines += [f"The split {split} is empty." for split in ("train", "val") if split not in set(splits)]
    return lines
