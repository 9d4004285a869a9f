"""What findings say, by their code, so that pages can say it in another language: a sentence and a cure.

``%(count)s`` is how many there are; other names are facts of the finding.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal

Severity = Literal["error", "warning", "info"]

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "unreadable": ("Images that cannot be decoded: %(count)s.", "Replace the files and import a new version."),
    "exact_copies": ("Exact copies of other images: %(count)s.", "Remove the copies: they count twice in training."),
    "leaks": ("Images that lie in more than one split: %(count)s.",
              "Import again with splits dealt anew, or remove the copies: the evaluation is too good."),
    "label_conflicts": ("Images that lie in several classes: %(count)s.",
                        "Decide which class is right and remove the other copy."),
    "near_copies": ("Images that look nearly like others: %(count)s.",
                    "Look at them: frames of one film or saved copies teach little."),
    "near_leaks": ("Groups of nearly equal images across splits: %(count)s.",
                   "Keep images of one scene in one split."),
    "dark": ("Nearly black images: %(count)s.", "Check the exposure, or whether they are 16-bit."),
    "light": ("Nearly white images: %(count)s.", "Check the exposure, or for empty pages."),
    "plain": ("Images that show almost nothing: %(count)s.", "Remove empty images."),
    "long": ("Images more than four times as long as wide: %(count)s.",
             "Resizing to a square distorts them much: cut them first."),
    "turned_images": ("Images that are shown turned because of EXIF: %(count)s.",
                      "Nothing here; programs that ignore EXIF see them lying."),
    "cmyk_images": ("Images in colours for print: %(count)s.", "Save them as RGB: colours may shift."),
    "deep_images": ("Images with more than 8 bits a channel: %(count)s.",
                    "They are scaled down to 8 bits; check that they are not black."),
    "palette_images": ("Images with a palette or one bit a pixel: %(count)s.",
                       "Check that they are photographs and no place-holders."),
    "few_images": ("Classes with fewer than %(least)s training images: %(count)s (%(names)s).",
                   "Add images, or merge or leave out these classes."),
    "imbalance": ("The largest class has %(ratio)s times as many training images as the smallest.",
                  "Weigh the classes in the loss, or add images to the small ones."),
    "empty_train": ("The split train is empty.", "Import again with splits dealt by a seed."),
    "empty_val": ("The split val is empty.", "Import again with splits dealt by a seed."),
    "degenerate_boxes": ("Boxes without an area: %(count)s.",
                         "Draw them again or remove them: a detector cannot learn from them."),
    "boxes_outside": ("Boxes that lie outside of their image: %(count)s.",
                      "Check that labels and images belong together, and remove these boxes."),
    "boxes_beyond_frame": ("Boxes that reach beyond their image: %(count)s.",
                           "Cut them off at the edge of the image."),
    "tiny_boxes": ("Boxes less than 2 pixels wide or high: %(count)s.",
                   "Look at them: most are slips of the mouse."),
    "doubled_boxes": ("Boxes that repeat another one of their class: %(count)s.",
                      "Remove the further ones: they count twice in training and in the evaluation."),
    "rival_boxes": ("Boxes that lie on a box of another class: %(count)s.",
                    "Decide which class is right, unless both are."),
    "unnamed_classes": ("Annotations whose class number has no name: %(count)s.",
                        "Give names to these classes, or change or remove these annotations."),
    "images_without_labels": ("Images that no label file names: %(count)s.",
                              "Label them, or give them an empty label file to say that there is nothing."),
    "empty_images": ("Images that are said to show nothing: %(count)s.",
                     "Nothing, if that is true: they teach what is not to be found."),
    "labelled_lying": ("Images that were labelled without their EXIF rotation: %(count)s.",
                       "Turn the boxes with the image, or remove the rotation from the file."),
    "size_differs": ("Images of another size than their labels say: %(count)s.",
                     "Check that labels and images belong together: the boxes may be scaled."),
    "few_boxes": ("Classes with fewer than %(least)s training boxes (%(names)s): %(count)s.",
                  "Add images of them, or leave these classes out."),
    "unused_classes": ("Classes that are named and never used: %(count)s.", "Nothing, unless they should occur."),
    "box_imbalance": ("The largest class has %(ratio)s times as many training boxes as the smallest.",
                      "Show rare classes more often."),
    "labels_not_judged": ("Labels could not be judged: when left out, only %(percent)s %% of images are recognised.",
                          "Train a classifier until it is better than that, and look for wrong labels with it."),
    "likely_wrong_classes": (
        "Images that likely lie in the wrong class: %(count)s. When left out, %(percent)s %% of all are recognised.",
        "Look at them, the likeliest first; take over what is suggested, or leave them out.",
    ),
    "likely_missing_boxes": ("Objects that likely lack a box: %(count)s.", "Look at them and add the boxes."),
    "likely_wrong_box_classes": ("Boxes that are likely of another class: %(count)s.",
                                 "Look at them and take over the class that is suggested."),
    "likely_misplaced_boxes": ("Boxes that likely lie beside their object: %(count)s.",
                               "Look at them and take over the place that is suggested."),
    "likely_spurious_boxes": ("Boxes in which likely nothing is to be found: %(count)s.",
                              "Look at them and remove those that are wrong."),
}  # fmt: skip


def finding(
    code: str, severity: Severity, count: int, positions: Iterable[int] = (), **facts: str | int
) -> dict[str, Any]:
    """A finding as reports hold it.

    Args:
        code: Of `TEXTS`.
        severity: How grave it is.
        count: How many there are.
        positions: Of the images it concerns.
        facts: What else its sentence needs.
    """
    message, hint = TEXTS[code]
    told = {"count": f"{count:,}", **facts}
    return {"code": code, "severity": severity, "count": count, "message": message % told, "hint": hint,
            "facts": facts, "positions": list(positions)}  # fmt: skip
