"""Fixes for findings that need no decision about the content: each turns a finding into changes.

A fix makes a new version; the one before stays, so that going back is choosing it again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from ml_core.data.doubts.report import read_doubts
from ml_core.data.label_findings import LabelledImages, find_in_labels, open_labelled
from ml_core.data.manifest import read_items, read_version
from ml_core.data.revision.changes import Changes, parse_changes
from ml_core.errors import FormatError

Fix = Callable[[LabelledImages, dict[str, Any], Changes], None]


def _remove(images: LabelledImages, finding: dict[str, Any], changes: Changes) -> None:
    changes.remove.update(finding["annotations"])


def _cut(images: LabelledImages, finding: dict[str, Any], changes: Changes) -> None:
    for row in finding["annotations"]:
        width, height = images.sizes[images.image[row]].tolist()
        left, top, right, bottom = images.corners[row].tolist()
        changes.corners[row] = (max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height)))


def _name(images: LabelledImages, finding: dict[str, Any], changes: Changes) -> None:
    rows = finding["annotations"]
    numbers = np.asarray(images.table.category)[rows].tolist()
    names = list(images.classes)
    label_of: dict[int, int] = {}
    for number in sorted(set(numbers)):
        name = f"class {number}"
        while name in names:
            name += "'"
        label_of[number] = len(names)
        names.append(name)
    changes.classes = tuple(names)
    changes.label.update({row: label_of[number] for row, number in zip(rows, numbers, strict=True)})


def _mark_empty(images: LabelledImages, finding: dict[str, Any], changes: Changes) -> None:
    changes.mark_empty.update(finding["positions"])


def _leave_out(images: LabelledImages, finding: dict[str, Any], changes: Changes) -> None:
    changes.leave_out.update(finding["positions"])


#: Name of a fix to the code of its finding, what it does in words, and how.
FIXES: Final[dict[str, tuple[str, str, Fix]]] = {
    "remove_degenerate_boxes": ("degenerate_boxes", "Remove boxes without an area", _remove),
    "remove_boxes_outside": ("boxes_outside", "Remove boxes that lie outside of their image", _remove),
    "cut_boxes_beyond_frame": ("boxes_beyond_frame", "Cut boxes off at the edge of their image", _cut),
    "remove_doubled_boxes": ("doubled_boxes", "Remove boxes that repeat another one", _remove),
    "remove_tiny_boxes": ("tiny_boxes", "Remove boxes less than 2 pixels wide or high", _remove),
    "remove_unnamed_classes": ("unnamed_classes", "Remove annotations whose class has no name", _remove),
    "name_unnamed_classes": ("unnamed_classes", "Name these classes by their numbers", _name),
    "mark_images_empty": ("images_without_labels", "Say that images without labels show nothing", _mark_empty),
    "leave_out_images_without_labels": ("images_without_labels", "Leave out images without labels", _leave_out),
    "leave_out_images_of_another_size": ("size_differs", "Leave out images of another size than their labels say",
                                         _leave_out),
}  # fmt: skip

#: Fixes that take over what the search for wrong labels suggests, to the codes of their findings and words.
SUGGESTED: Final[dict[str, tuple[str, str]]] = {
    "take_likely_classes": ("likely_wrong_classes", "Put images into the class that is suggested"),
    "leave_out_likely_wrong": ("likely_wrong_classes", "Leave out images that likely lie in the wrong class"),
    "add_missing_boxes": ("likely_missing_boxes", "Add boxes that likely are missing"),
    "take_likely_box_classes": ("likely_wrong_box_classes", "Give boxes the class that is suggested"),
    "move_misplaced_boxes": ("likely_misplaced_boxes", "Move boxes to where their object likely is"),
    "remove_spurious_boxes": ("likely_spurious_boxes", "Remove boxes in which likely nothing is to be found"),
}
_LEAVES_OUT: Final = "leave_out_likely_wrong"

#: The fix that works on any version: of equal files only one stays, in training where one of them is.
REMOVE_COPIES: Final = "remove_exact_copies"
KNOWN: Final = (*FIXES, *SUGGESTED, REMOVE_COPIES)


def changes_of_fixes(version: Path, names: list[str]) -> Changes:
    """The changes that fixes make together.

    Raises:
        FormatError: ``fix.unknown``; ``version.task``, a fix of boxes for a version without any.
    """
    for name in names:
        if name not in KNOWN:
            raise FormatError(f'There is no fix called "{name}".', code="fix.unknown",
                              hint=f"Known fixes: {', '.join(KNOWN)}.")  # fmt: skip
    changes = Changes()
    if any(name in FIXES for name in names):
        images = open_labelled(version)
        images.listed = len(images.corners) + len(images.sizes)
        found = {finding["code"]: finding for finding in find_in_labels(images)}
        for name in names:
            code, _, fix = FIXES.get(name, ("", "", _remove))
            if code in found:
                fix(images, found[code], changes)
    if any(name in SUGGESTED for name in names):
        changes = changes.followed_by(_suggested(version, names))
    if REMOVE_COPIES in names:
        changes.leave_out |= _further_copies(version)
    return changes


def _suggested(version: Path, names: list[str]) -> Changes:
    """What the search for wrong labels suggests."""
    wanted: list[dict[str, Any]] = []
    found = {finding["code"]: finding.get("suggestions", []) for finding in read_doubts(version)}
    for name in names:
        if name in SUGGESTED:
            for suggestion in found.get(SUGGESTED[name][0], []):
                leaves = {"do": "leave_out", "image": suggestion["image"]}
                wanted.append(leaves if name == _LEAVES_OUT else suggestion["change"])
    facts = read_version(version, ("classify", "detect"))
    rows = facts["counts"]["annotations"]["kept"] if facts["task"] == "detect" else 0
    return parse_changes(wanted, images=facts["counts"]["images"], rows=rows, classes=len(facts["classes"]))


def _further_copies(version: Path) -> set[int]:
    """Of equal files all but one: the first for training, else the first."""
    kept: dict[str, tuple[bool, int]] = {}
    further: set[int] = set()
    for position, item in enumerate(read_items(version)):
        mine = (item.split != "train", position)
        best = kept.setdefault(item.sha256, mine)
        if mine < best:
            further.add(best[1])
            kept[item.sha256] = mine
        elif mine != best:
            further.add(position)
    return further
