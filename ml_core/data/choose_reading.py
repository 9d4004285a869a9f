"""Which reading of a folder an import takes: folders of classes, or labels in files of their own."""

from __future__ import annotations

from pathlib import Path

from ml_core.data.file_index import FileIndex
from ml_core.data.formats.base import CERTAIN, Candidate, choose, recognise_tree
from ml_core.data.import_order import ImportOrder, ImportReporter
from ml_core.data.readers.base import all_label_formats, choose_labels, recognise_labels
from ml_core.data.tree import Folder, read_tree
from ml_core.errors import FormatError


def choose_reading(
    order: ImportOrder, root: Path, tree: Folder, run: ImportReporter
) -> tuple[Candidate, FileIndex | None]:
    """The reading, and the index of the folder where labels lie in files of their own.

    Raises:
        FormatError: As `choose` and `choose_labels`. Where folders of classes are wanted and boxes are found, the words
            say so.
    """
    if order.task == "classify":
        return _classes(order, root, tree, run), None
    index = FileIndex(root, run.raise_if_requested)
    if order.task == "detect" or order.labels or order.format in {entry.name for entry in all_label_formats()}:
        return choose_labels(index, order.format, order.labels), index
    found = [] if order.format else [*recognise_tree(tree), *recognise_labels(index)]
    best = max(found, key=lambda entry: entry.score, default=None)
    if best is not None and best.task == "detect" and best.score >= CERTAIN:
        return best, index
    return choose(tree, order.format), None


def _classes(order: ImportOrder, root: Path, tree: Folder, run: ImportReporter) -> Candidate:
    try:
        return choose(tree, order.format)
    except FormatError as error:
        if error.code != "format.unrecognised":
            raise
        found = recognise_labels(FileIndex(root, run.raise_if_requested))
        if not found or found[0].score < CERTAIN:
            raise
        raise FormatError(
            f"The images have boxes or shapes ({found[0].format.upper()}), not one class each: {found[0].evidence[0]}",
            code="format.unrecognised",
            hint="Boxes cannot be shown or trained on here yet. Bring a folder for each class, or use the recipe "
            "data.import with task=detect at the command line.",
        ) from error  # fmt: skip


def all_readings(root: Path, run: ImportReporter) -> list[Candidate]:
    """Every reading of a folder in every format, best first."""
    found = [*recognise_tree(read_tree(root, run.raise_if_requested)),
             *recognise_labels(FileIndex(root, run.raise_if_requested))]  # fmt: skip
    return sorted(found, key=lambda entry: (-entry.score, entry.format, entry.labels))
