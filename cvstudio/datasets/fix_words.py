"""What findings and fixes are called on pages."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ml_core.data.revision.fixes import FIXES, REMOVE_COPIES, SUGGESTED

FIX_WORDS: dict[str, Promise] = {
    "remove_degenerate_boxes": _("Remove boxes without an area"),
    "remove_boxes_outside": _("Remove boxes that lie outside of their image"),
    "cut_boxes_beyond_frame": _("Cut boxes off at the edge of their image"),
    "remove_doubled_boxes": _("Remove boxes that repeat another one"),
    "remove_tiny_boxes": _("Remove boxes less than 2 pixels wide or high"),
    "remove_unnamed_classes": _("Remove annotations whose class has no name"),
    "name_unnamed_classes": _("Name these classes by their numbers"),
    "mark_images_empty": _("Say that images without labels show nothing"),
    "leave_out_images_without_labels": _("Leave out images without labels"),
    "leave_out_images_of_another_size": _("Leave out images of another size than their labels say"),
    "take_likely_classes": _("Put images into the class that is suggested"),
    "leave_out_likely_wrong": _("Leave out images that likely lie in the wrong class"),
    "add_missing_boxes": _("Add boxes that likely are missing"),
    "take_likely_box_classes": _("Give boxes the class that is suggested"),
    "move_misplaced_boxes": _("Move boxes to where their object likely is"),
    "remove_spurious_boxes": _("Remove boxes in which likely nothing is to be found"),
    REMOVE_COPIES: _("Leave out all but one of equal files"),
}
#: Findings about whole images that the fix of copies helps against.
_ABOUT_COPIES = ("exact_copies", "leaks")

DIFFERENCE_WORDS: dict[str, Promise] = {
    "added": _("added"),
    "removed": _("removed"),
    "replaced": _("with other content"),
    "moved": _("moved"),
    "relabelled": _("with another class"),
    "marked_empty": _("said to show nothing"),
    "unmarked": _("no longer said to show nothing"),
    "annotation_added": _("annotation added"),
    "annotation_removed": _("annotation removed"),
    "annotation_moved": _("annotation moved"),
    "annotation_reshaped": _("annotation with another outline"),
    "annotation_relabelled": _("annotation with another class"),
}


def fixes_of(code: str) -> list[tuple[str, Promise]]:
    """Names and words of the fixes for a finding."""
    names = [name for name, (finding, *_more) in (FIXES | SUGGESTED).items() if finding == code]
    return [(name, FIX_WORDS[name]) for name in [*names, *([REMOVE_COPIES] if code in _ABOUT_COPIES else [])]]
