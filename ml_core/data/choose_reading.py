"""Which reading of a folder an import takes: folders of classes, or labels in files of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from ml_core.data.file_index import FileIndex
from ml_core.data.formats.base import CERTAIN, Candidate, choose, recognise_tree
from ml_core.data.import_order import ImportOrder, ImportReporter
from ml_core.data.readers.base import all_label_formats, choose_labels, recognise_labels
from ml_core.data.tree import Folder, read_tree
from ml_core.errors import FormatError

Tell = Callable[[Sequence[Candidate]], None]

_LISTED: Final = 20


def choose_reading(
    order: ImportOrder, root: Path, tree: Folder, run: ImportReporter, tell: Tell
) -> tuple[Candidate, FileIndex | None]:
    """The reading, and the index of the folder where labels lie in files of their own.

    Args:
        order: What a person chose.
        root: The folder.
        tree: What lies in it.
        run: Asked whether to go on.
        tell: Given every reading that was looked at, best first, before anything is refused.

    Raises:
        FormatError: As `choose` and `choose_labels`. Where folders of classes are wanted and boxes are found, the words
            say so.
    """
    if order.task == "classify":
        return _classes(order, root, tree, run, tell), None
    index = FileIndex(root, run.raise_if_requested)
    labelled = recognise_labels(index)
    found = _best_first([*recognise_tree(tree), *labelled])
    tell(found)
    if order.task == "detect" or order.labels or order.format in {entry.name for entry in all_label_formats()}:
        return choose_labels(index, labelled, order.format, order.labels), index
    if not order.format and found and found[0].task == "detect" and found[0].score >= CERTAIN:
        return found[0], index
    try:
        return choose(tree, order.format), None
    except FormatError as error:
        if error.code != "format.unrecognised" or not found:
            raise
        raise FormatError(
            f"The layout of these images was not recognised. The nearest guess was: {found[0].evidence[0]}",
            code="format.unrecognised",
            hint="Choose one of the readings, or bring one folder for each class, images and labels folders with a "
            "data.yaml (YOLO), annotations/*.json (COCO), or Annotations/*.xml beside JPEGImages (Pascal VOC).",
        ) from error  # fmt: skip


def _classes(order: ImportOrder, root: Path, tree: Folder, run: ImportReporter, tell: Tell) -> Candidate:
    found = recognise_tree(tree)
    tell(found)
    try:
        return choose(tree, order.format)
    except FormatError as error:
        if error.code != "format.unrecognised":
            raise
        labelled = recognise_labels(FileIndex(root, run.raise_if_requested))
        tell(_best_first([*found, *labelled]))
        if not labelled or labelled[0].score < CERTAIN:
            raise
        raise FormatError(
            f"The images have boxes or shapes ({labelled[0].format.upper()}), not one class each: "
            f"{labelled[0].evidence[0]}",
            code="format.unrecognised",
            hint="Import them as boxes, or bring a folder for each class.",
        ) from error  # fmt: skip


def all_readings(root: Path, run: ImportReporter) -> list[Candidate]:
    """Every reading of a folder in every format, best first."""
    return _best_first([*recognise_tree(read_tree(root, run.raise_if_requested)),
                        *recognise_labels(FileIndex(root, run.raise_if_requested))])  # fmt: skip


def described(found: Sequence[Candidate]) -> list[dict[str, Any]]:
    """The best readings for people, with as many classes and lines as one looks at."""
    return [
        {
            "format": entry.format, "task": entry.task, "labels": list(entry.labels[:_LISTED]), "root": entry.root,
            "score": round(entry.score, 3), "evidence": list(entry.evidence[:_LISTED]),
            "warnings": list(entry.warnings[:_LISTED]), "classes": list(entry.classes[:_LISTED]),
            "class_count": len(entry.classes), "splits": sorted(entry.splits),
        }
        for entry in found[:_LISTED]
    ]  # fmt: skip


def _best_first(found: list[Candidate]) -> list[Candidate]:
    return sorted(found, key=lambda entry: (-entry.score, entry.format, entry.labels))
