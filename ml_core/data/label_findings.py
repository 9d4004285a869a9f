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
from ml_core.data.findings import Severity, in_order, odd_images
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
    for finding in found:
        for key in ("positions", "annotations"):
            finding[key] = finding.get(key, [])[: images.listed]
    return in_order(found)


def _finding(
    code: str, severity: Severity, message: str, hint: str, positions: Rows, rows: Rows | None = None
) -> dict[str, Any]:
    count = len(positions) if rows is None else len(rows)
    return {
        "code": code, "severity": severity, "count": count, "message": f"{message}: {count:,}.", "hint": hint,
        "positions": np.unique(positions).tolist(),
        "annotations": [] if rows is None else rows.tolist(),
    }  # fmt: skip


def _of_rows(
    images: LabelledImages, mask: Mask, code: str, severity: Severity, message: str, hint: str
) -> Iterator[dict[str, Any]]:
    rows = np.flatnonzero(mask)
    if len(rows):
        yield _finding(code, severity, message, hint, images.image[rows], rows)


def _of_images(mask: Mask, code: str, severity: Severity, message: str, hint: str) -> Iterator[dict[str, Any]]:
    positions = np.flatnonzero(mask)
    if len(positions):
        yield _finding(code, severity, message, hint, positions)


def _about_boxes(images: LabelledImages) -> Iterator[dict[str, Any]]:
    corners, sizes = images.corners, images.sizes[images.image]
    extent = corners[:, 2:] - corners[:, :2]
    empty: Mask = np.any(extent <= 0, axis=1)
    yield from _of_rows(images, empty, "degenerate_boxes", "error", "Boxes without an area",
                        "Draw them again or remove them: a detector cannot learn from them.")  # fmt: skip
    away: Mask = ~empty & (np.any(corners[:, 2:] <= 0, axis=1) | np.any(corners[:, :2] >= sizes, axis=1))
    yield from _of_rows(images, away, "boxes_outside", "error", "Boxes that lie outside of their image",
                        "Check that labels and images belong together, and remove these boxes.")  # fmt: skip
    beyond = np.any(corners[:, :2] < -_OUT_PIXELS, axis=1) | np.any(corners[:, 2:] > sizes + _OUT_PIXELS, axis=1)
    yield from _of_rows(images, beyond & ~empty & ~away, "boxes_beyond_frame", "warning",
                        "Boxes that reach beyond their image", "Cut them off at the edge of the image.")  # fmt: skip
    tiny: Mask = ~empty & (extent.min(axis=1, initial=np.inf) < _TINY_PIXELS)
    yield from _of_rows(images, tiny, "tiny_boxes", "info", "Boxes less than 2 pixels wide or high",
                        "Look at them: most are slips of the mouse.")  # fmt: skip
    doubled = _doubled(images, np.asarray(images.table.label), ~empty)
    yield from _of_rows(images, doubled, "doubled_boxes", "warning", "Boxes that repeat another one of their class",
                        "Remove the further ones: they count twice in training and in the evaluation.")  # fmt: skip
    rivals = _doubled(images, np.zeros(len(corners), dtype=np.int32), ~empty) & ~doubled
    yield from _of_rows(images, rivals, "rival_boxes", "info", "Boxes that lie on a box of another class",
                        "Decide which class is right, unless both are.")  # fmt: skip


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
    yield from _of_rows(images, label == NO_CLASS, "unnamed_classes", "error",
                        "Annotations whose class number has no name",
                        "Give names to these classes, or change or remove these annotations.")  # fmt: skip


def _about_images(images: LabelledImages) -> Iterator[dict[str, Any]]:
    yield from _of_images(images.state == NOT_NAMED, "images_without_labels", "warning",
                          "Images that no label file names",
                          "Label them, or give them an empty label file to say that there is nothing.")  # fmt: skip
    yield from _of_images(images.state == EMPTY, "empty_images", "info", "Images that are said to show nothing",
                          "Nothing, if that is true: they teach what is not to be found.")  # fmt: skip
    claims = (images.declared > 0).all(axis=1)
    differs = claims & (images.declared != images.sizes).any(axis=1)
    lying = differs & (images.orientation >= _SWAPS_SIDES) & (images.declared[:, ::-1] == images.sizes).all(axis=1)
    yield from _of_images(lying, "labelled_lying", "error", "Images that were labelled without their EXIF rotation",
                          "Turn the boxes with the image, or remove the rotation from the file.")  # fmt: skip
    yield from _of_images(differs & ~lying, "size_differs", "error",
                          "Images of another size than their labels say",
                          "Check that labels and images belong together: the boxes may be scaled.")  # fmt: skip
    yield from odd_images(images.orientation, images.modes)


def _about_balance(images: LabelledImages) -> Iterator[dict[str, Any]]:
    label = np.asarray(images.table.label)
    named = label != NO_CLASS
    counts = np.bincount(label[named & images.training[images.image]], minlength=len(images.classes))
    unused = np.bincount(label[named], minlength=len(images.classes)) == 0
    few = np.flatnonzero((counts < _FEW) & ~unused)
    if len(few):
        names = ", ".join(images.classes[number] for number in few[:5]) + (" ..." if len(few) > 5 else "")
        yield {**_finding("few_boxes", "warning", f"Classes with fewer than {_FEW} training boxes ({names})",
                          "Add images of them, or leave these classes out.", few), "positions": []}  # fmt: skip
    if unused.any() and not unused.all():
        yield {**_finding("unused_classes", "info", "Classes that are named and never used",
                          "Nothing, unless they should occur.", np.flatnonzero(unused)), "positions": []}  # fmt: skip
    filled = counts[counts > 0]
    if len(filled) and filled.max() > _IMBALANCE * filled.min():
        message = f"Classes, of which the largest has {filled.max() / filled.min():,.0f} times as many training boxes"
        entry = _finding("box_imbalance", "info", message, "Show rare classes more often.", np.flatnonzero(counts))
        yield {**entry, "positions": []}
