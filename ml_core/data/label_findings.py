"""What is remarkable about the annotations of a version, without any model: same form as `findings`.

Each finding names images by position and, where it is about annotations, their rows in the table; 500 of each at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.data.annotations.boxes import Boxes, BoxFormat, overlap, to_xyxy
from ml_core.data.annotations.builder import CROWD, NO_CLASS, Columns
from ml_core.data.annotations.table import EMPTY, NOT_NAMED, AnnotationTable, image_sizes
from ml_core.data.finding_texts import Severity, finding
from ml_core.data.findings import first_names, in_order, odd_images
from ml_core.data.manifest import read_items, read_version

_LISTED: Final = 500
_OUT_PIXELS: Final = 0.5  # tools round to half a pixel
_TINY_PIXELS: Final = 2.0
_DOUBLED: Final = 0.9  # intersection over union from which two boxes mean one object
_MAX_STEPS: Final = 200
_FEW, _IMBALANCE = 10, 20.0
_SWAPS_SIDES: Final = 5  # orientations 5 to 8 lay an image on its side

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass
class LabelledImages:
    """What the findings look at.

    Attributes:
        table: The annotations.
        box_format: How their boxes are written.
        sizes: (I, 2) width and height of the images, upright.
        state: What label files say of each image.
        declared: (I, 2) sizes that label files claim.
        orientation: EXIF orientation of each image.
        modes: Pillow's mode of each image.
        training: Whether each image is for training.
        classes: Names.
        listed: How many images and rows a finding names.
    """

    table: Columns | AnnotationTable
    box_format: BoxFormat
    sizes: NDArray[np.int64]
    state: NDArray[np.uint8]
    declared: NDArray[np.int32]
    orientation: NDArray[np.uint8]
    modes: Sequence[str]
    training: Mask
    classes: Sequence[str]
    listed: int = _LISTED

    def __post_init__(self) -> None:
        self.image = np.repeat(np.arange(len(self.sizes)), np.diff(self.table.image_offsets))
        self.corners: Boxes = to_xyxy(np.asarray(self.table.box), self.box_format, self.sizes[self.image])


def open_labelled(version: Path) -> LabelledImages:
    """What the findings look at, from a version folder.

    Raises:
        FormatError: It is damaged, or has no annotations.
    """
    facts, table = read_version(version, ("detect",)), AnnotationTable(version)
    items = list(read_items(version))
    return LabelledImages(
        table, table.box_format, image_sizes(items), np.asarray(table.image_state), np.asarray(table.declared_size),
        np.array([item.orientation for item in items], dtype=np.uint8), [item.mode for item in items],
        np.array([item.split == "train" for item in items], dtype=bool), facts["classes"],
    )  # fmt: skip


def find_in_labels(images: LabelledImages) -> list[dict[str, Any]]:
    """All findings, gravest first."""
    found = [*_about_boxes(images), *_about_names(images), *_about_images(images), *_about_balance(images)]
    for entry in found:
        for key in ("positions", "annotations"):
            entry[key] = entry.get(key, [])[: images.listed]
    return in_order(found)


def _finding(
    code: str, severity: Severity, positions: Rows, rows: Rows | None = None, **facts: str | int
) -> dict[str, Any]:
    count = len(positions) if rows is None else len(rows)
    found = finding(code, severity, count, np.unique(positions).tolist(), **facts)
    return {**found, "annotations": [] if rows is None else rows.tolist()}


def _of_rows(images: LabelledImages, mask: Mask, code: str, severity: Severity) -> Iterator[dict[str, Any]]:
    rows = np.flatnonzero(mask)
    if len(rows):
        yield _finding(code, severity, images.image[rows], rows)


def _of_images(mask: Mask, code: str, severity: Severity) -> Iterator[dict[str, Any]]:
    positions = np.flatnonzero(mask)
    if len(positions):
        yield _finding(code, severity, positions)


def _of_classes(
    counts: NDArray[np.bool_] | NDArray[np.int64], code: str, severity: Severity, **facts: str | int
) -> Iterator[dict[str, Any]]:
    labels = np.flatnonzero(counts)
    if len(labels):
        yield {**_finding(code, severity, labels, None, **facts), "positions": []}


def _about_boxes(images: LabelledImages) -> Iterator[dict[str, Any]]:
    corners, sizes = images.corners, images.sizes[images.image]
    extent = corners[:, 2:] - corners[:, :2]
    empty: Mask = np.any(extent <= 0, axis=1)
    yield from _of_rows(images, empty, "degenerate_boxes", "error")
    away: Mask = ~empty & (np.any(corners[:, 2:] <= 0, axis=1) | np.any(corners[:, :2] >= sizes, axis=1))
    yield from _of_rows(images, away, "boxes_outside", "error")
    beyond = np.any(corners[:, :2] < -_OUT_PIXELS, axis=1) | np.any(corners[:, 2:] > sizes + _OUT_PIXELS, axis=1)
    yield from _of_rows(images, beyond & ~empty & ~away, "boxes_beyond_frame", "warning")
    tiny: Mask = ~empty & (extent.min(axis=1, initial=np.inf) < _TINY_PIXELS)
    yield from _of_rows(images, tiny, "tiny_boxes", "info")
    doubled = _doubled(images, np.asarray(images.table.label), ~empty)
    yield from _of_rows(images, doubled, "doubled_boxes", "warning")
    rivals = _doubled(images, np.zeros(len(corners), dtype=np.int32), ~empty) & ~doubled
    yield from _of_rows(images, rivals, "rival_boxes", "info")


def _doubled(images: LabelledImages, label: NDArray[np.int32], usable: Mask) -> Mask:
    """Rows that cover an earlier row of the same image and label.

    Sorted by left side, a box can only be doubled by those that follow within a tenth of its width, so few pairs are
    looked at.
    """
    usable = usable & ((np.asarray(images.table.flags) & CROWD) == 0)
    rows = np.flatnonzero(usable)
    rows = rows[np.lexsort((images.corners[rows, 0], label[rows], images.image[rows]))]
    corners, image, kind = images.corners[rows], images.image[rows], label[rows]
    reach = corners[:, 0] + (1 - _DOUBLED) * (corners[:, 2] - corners[:, 0])
    found = np.zeros(len(images.corners), dtype=bool)
    active = np.arange(len(rows))
    for step in range(1, _MAX_STEPS):
        active = active[active + step < len(rows)]
        other = active + step
        active = active[
            (image[other] == image[active]) & (kind[other] == kind[active]) & (corners[other, 0] <= reach[active])
        ]
        if not len(active):
            break
        same = active[overlap(corners[active], corners[active + step]) >= _DOUBLED]
        found[np.maximum(rows[same], rows[same + step])] = True
    return found


def _about_names(images: LabelledImages) -> Iterator[dict[str, Any]]:
    label = np.asarray(images.table.label)
    yield from _of_rows(images, label == NO_CLASS, "unnamed_classes", "error")


def _about_images(images: LabelledImages) -> Iterator[dict[str, Any]]:
    yield from _of_images(images.state == NOT_NAMED, "images_without_labels", "warning")
    yield from _of_images(images.state == EMPTY, "empty_images", "info")
    claims = (images.declared > 0).all(axis=1)
    differs = claims & (images.declared != images.sizes).any(axis=1)
    lying = differs & (images.orientation >= _SWAPS_SIDES) & (images.declared[:, ::-1] == images.sizes).all(axis=1)
    yield from _of_images(lying, "labelled_lying", "error")
    yield from _of_images(differs & ~lying, "size_differs", "error")
    yield from odd_images(images.orientation, images.modes)


def _about_balance(images: LabelledImages) -> Iterator[dict[str, Any]]:
    label = np.asarray(images.table.label)
    named = label != NO_CLASS
    counts = np.bincount(label[named & images.training[images.image]], minlength=len(images.classes))
    unused = np.bincount(label[named], minlength=len(images.classes)) == 0
    few = (counts < _FEW) & ~unused
    names = first_names([images.classes[number] for number in np.flatnonzero(few).tolist()])
    yield from _of_classes(few, "few_boxes", "warning", least=_FEW, names=names)
    if not unused.all():
        yield from _of_classes(unused, "unused_classes", "info")
    filled = counts[counts > 0]
    if len(filled) and filled.max() > _IMBALANCE * filled.min():
        yield from _of_classes(counts, "box_imbalance", "info", ratio=f"{filled.max() / filled.min():,.0f}")
