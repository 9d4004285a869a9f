"""What findings say on pages, in the language of the reader."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: The texts of `ml_core.data.finding_texts`, marked for translation.
WORDS: dict[str, tuple[Promise, Promise]] = {
    "unreadable": (
        _("Images that cannot be decoded: %(count)s."),
        _("Replace the files and import a new version."),
    ),
    "exact_copies": (
        _("Exact copies of other images: %(count)s."),
        _("Remove the copies: they count twice in training."),
    ),
    "leaks": (
        _("Images that lie in more than one split: %(count)s."),
        _("Import again with splits dealt anew, or remove the copies: the evaluation is too good."),
    ),
    "label_conflicts": (
        _("Images that lie in several classes: %(count)s."),
        _("Decide which class is right and remove the other copy."),
    ),
    "near_copies": (
        _("Images that look nearly like others: %(count)s."),
        _("Look at them: frames of one film or saved copies teach little."),
    ),
    "near_leaks": (
        _("Groups of nearly equal images across splits: %(count)s."),
        _("Keep images of one scene in one split."),
    ),
    "dark": (
        _("Nearly black images: %(count)s."),
        _("Check the exposure, or whether they are 16-bit."),
    ),
    "light": (
        _("Nearly white images: %(count)s."),
        _("Check the exposure, or for empty pages."),
    ),
    "plain": (
        _("Images that show almost nothing: %(count)s."),
        _("Remove empty images."),
    ),
    "long": (
        _("Images more than four times as long as wide: %(count)s."),
        _("Resizing to a square distorts them much: cut them first."),
    ),
    "turned_images": (
        _("Images that are shown turned because of EXIF: %(count)s."),
        _("Nothing here; programs that ignore EXIF see them lying."),
    ),
    "cmyk_images": (
        _("Images in colours for print: %(count)s."),
        _("Save them as RGB: colours may shift."),
    ),
    "deep_images": (
        _("Images with more than 8 bits a channel: %(count)s."),
        _("They are scaled down to 8 bits; check that they are not black."),
    ),
    "palette_images": (
        _("Images with a palette or one bit a pixel: %(count)s."),
        _("Check that they are photographs and no place-holders."),
    ),
    "few_images": (
        _("Classes with fewer than %(least)s training images: %(count)s (%(names)s)."),
        _("Add images, or merge or leave out these classes."),
    ),
    "imbalance": (
        _("The largest class has %(ratio)s times as many training images as the smallest."),
        _("Weigh the classes in the loss, or add images to the small ones."),
    ),
    "empty_train": (
        _("The split train is empty."),
        _("Import again with splits dealt by a seed."),
    ),
    "empty_val": (
        _("The split val is empty."),
        _("Import again with splits dealt by a seed."),
    ),
    "degenerate_boxes": (
        _("Boxes without an area: %(count)s."),
        _("Draw them again or remove them: a detector cannot learn from them."),
    ),
    "boxes_outside": (
        _("Boxes that lie outside of their image: %(count)s."),
        _("Check that labels and images belong together, and remove these boxes."),
    ),
    "boxes_beyond_frame": (
        _("Boxes that reach beyond their image: %(count)s."),
        _("Cut them off at the edge of the image."),
    ),
    "tiny_boxes": (
        _("Boxes less than 2 pixels wide or high: %(count)s."),
        _("Look at them: most are slips of the mouse."),
    ),
    "doubled_boxes": (
        _("Boxes that repeat another one of their class: %(count)s."),
        _("Remove the further ones: they count twice in training and in the evaluation."),
    ),
    "rival_boxes": (
        _("Boxes that lie on a box of another class: %(count)s."),
        _("Decide which class is right, unless both are."),
    ),
    "unnamed_classes": (
        _("Annotations whose class number has no name: %(count)s."),
        _("Give names to these classes, or change or remove these annotations."),
    ),
    "images_without_labels": (
        _("Images that no label file names: %(count)s."),
        _("Label them, or give them an empty label file to say that there is nothing."),
    ),
    "empty_images": (
        _("Images that are said to show nothing: %(count)s."),
        _("Nothing, if that is true: they teach what is not to be found."),
    ),
    "labelled_lying": (
        _("Images that were labelled without their EXIF rotation: %(count)s."),
        _("Turn the boxes with the image, or remove the rotation from the file."),
    ),
    "size_differs": (
        _("Images of another size than their labels say: %(count)s."),
        _("Check that labels and images belong together: the boxes may be scaled."),
    ),
    "few_boxes": (
        _("Classes with fewer than %(least)s training boxes (%(names)s): %(count)s."),
        _("Add images of them, or leave these classes out."),
    ),
    "unused_classes": (
        _("Classes that are named and never used: %(count)s."),
        _("Nothing, unless they should occur."),
    ),
    "box_imbalance": (
        _("The largest class has %(ratio)s times as many training boxes as the smallest."),
        _("Show rare classes more often."),
    ),
    "labels_not_judged": (
        _("Labels could not be judged: when left out, only %(percent)s %% of images are recognised."),
        _("Train a classifier until it is better than that, and look for wrong labels with it."),
    ),
    "likely_wrong_classes": (
        _("Images that likely lie in the wrong class: %(count)s. When left out, %(percent)s %% of all are recognised."),
        _("Look at them, the likeliest first; take over what is suggested, or leave them out."),
    ),
    "likely_missing_boxes": (
        _("Objects that likely lack a box: %(count)s."),
        _("Look at them and add the boxes."),
    ),
    "likely_wrong_box_classes": (
        _("Boxes that are likely of another class: %(count)s."),
        _("Look at them and take over the class that is suggested."),
    ),
    "likely_misplaced_boxes": (
        _("Boxes that likely lie beside their object: %(count)s."),
        _("Look at them and take over the place that is suggested."),
    ),
    "likely_spurious_boxes": (
        _("Boxes in which likely nothing is to be found: %(count)s."),
        _("Look at them and remove those that are wrong."),
    ),
}


def worded(finding: dict[str, Any]) -> dict[str, Any]:
    """A finding with its sentences in the reader's language; one of an older release stays as it was written."""
    words, facts = WORDS.get(finding["code"]), finding.get("facts")
    if words is None or facts is None:
        return finding
    told = {"count": f"{finding['count']:,}", **facts}
    return {**finding, "message": str(words[0]) % told, "hint": str(words[1])}
