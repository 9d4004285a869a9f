"""Goes through a data set whose labels lie in files of their own: every file, every row comes out or is named."""

from __future__ import annotations

from array import array
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ml_core.data.annotations.builder import Columns, TableBuilder
from ml_core.data.annotations.table import ImageColumns, TableFacts
from ml_core.data.file_index import FileIndex
from ml_core.data.formats.base import Candidate
from ml_core.data.image_header import claims_to_be_image
from ml_core.data.import_order import ImportOrder, ImportReporter
from ml_core.data.manifest import REJECTS_FILE, Reject, RejectWriter
from ml_core.data.readers.base import Categories, ImageLabels, LabelReader, make_reader
from ml_core.data.scan import Scanned, in_batches, inspect_or_refuse, no_image, refuse_name
from ml_core.data.version_writer import SCAN_FILE, Tally, note_image, note_reject
from ml_core.errors import CodedError

_NO_LABEL = -1


@dataclass(frozen=True, slots=True)
class _LabelFile:
    """A file whose content comes in with images."""

    path: str


@dataclass(frozen=True, slots=True)
class _LabelledImage:
    """A usable image and what is said of it."""

    image: Scanned
    labels: ImageLabels


@dataclass(frozen=True, slots=True)
class _LostImage:
    """An image that cannot be used, with the annotations that are lost with it."""

    reject: Reject
    annotations: int


_Outcome = Reject | _LabelFile | _LabelledImage | _LostImage


@dataclass
class Taken:
    """Everything that was read.

    Attributes:
        tally: Counts; its digests carry no class yet.
        columns: The annotation table.
        images: What label files say of images.
        facts: What is said once.
        categories: Classes.
    """

    tally: Tally
    columns: Columns
    images: ImageColumns
    facts: TableFacts
    categories: Categories


@dataclass
class _Draft:
    """What is known of images so far, in the order of the version."""

    state: array[int] = field(default_factory=lambda: array("B"))
    source_id: array[int] = field(default_factory=lambda: array("q"))
    declared: array[int] = field(default_factory=lambda: array("i"))
    attributes: list[str] = field(default_factory=list)
    position_of: dict[int, int] = field(default_factory=dict)


def take_labels(
    order: ImportOrder, index: FileIndex, candidate: Candidate, partial: Path, run: ImportReporter
) -> Taken:
    """Read all labels and images; writes the scan and ``rejects.csv`` into the folder ``partial``.

    Raises:
        FormatError: A label file that holds all annotations is damaged.
    """
    reader = make_reader(index, candidate)
    builder = TableBuilder(reader.box_format)
    reader.prepare(builder, run)
    tally, draft = Tally(annotations_read=reader.handed_out), _Draft()
    root = str(index.root)
    with ExitStack() as stack:
        scanned = stack.enter_context((partial / SCAN_FILE).open("w", encoding="utf-8"))
        rejected = stack.enter_context((partial / REJECTS_FILE).open("w", encoding="utf-8", newline=""))
        rejects = RejectWriter(rejected, with_annotations=True)
        outcomes = in_batches(
            index.paths, lambda paths: [_look(root, reader, path) for path in paths], workers=order.workers
        )
        for batch in outcomes:
            run.raise_if_requested()
            for outcome in batch:
                tally.files += 1
                if isinstance(outcome, _LabelledImage):
                    note_image(outcome.image, tally, scanned)
                    _note_labels(outcome.labels, tally, draft, builder, rejects)
                else:
                    _note_other(outcome, tally, rejects)
            run.progress(tally.files, len(index.paths), "files", "scan")
        for reject in reader.leftovers():
            note_reject(reject, tally, rejects)
    run.progress(0, None, "annotations", "sort")
    categories = reader.categories(builder)
    positions = reader.positions(builder.images(), draft.position_of)
    columns = builder.finish(positions, tally.images, categories.label_of)
    if reader.numbers_are_ours:
        columns.category = columns.label.astype(np.int64)
    _refuse_miscount(tally, columns)
    images = ImageColumns(np.array(draft.state, dtype=np.uint8), np.array(draft.source_id, dtype=np.int64),
                          np.array(draft.declared, dtype=np.int32).reshape(-1, 2), draft.attributes)  # fmt: skip
    facts = TableFacts(reader.box_format, categories.described, reader.source())
    return Taken(tally, columns, images, facts, categories)


def _look(root: str, reader: LabelReader, path: str) -> _Outcome:
    refused = refuse_name(path)
    if refused is not None:
        return refused
    role = reader.role(path)
    if role.kind == "labels":
        return _LabelFile(path)
    if role.kind == "orphan":
        return reader.orphan(path)
    if role.kind == "other":
        return Reject(path, role.reason, role.cure, is_fault=False)
    if not claims_to_be_image(path):
        return no_image(path)
    if role.kind == "reject":
        return Reject(path, role.reason, role.cure)
    labels = reader.read(path)
    facts = inspect_or_refuse(root, path)
    if isinstance(facts, Reject):
        lost = _own(labels)
        return _LostImage(Reject(facts.path, facts.reason, facts.cure, annotations=lost + labels.handed_out), lost)
    return _LabelledImage(Scanned(path, _NO_LABEL, role.split, facts), labels)


def _own(labels: ImageLabels) -> int:
    """Annotations that came with the image itself, whether they can be used or not."""
    return len(labels.annotations) + sum(reject.annotations for reject in labels.rejects)


def _note_labels(
    labels: ImageLabels, tally: Tally, draft: _Draft, builder: TableBuilder, rejects: RejectWriter
) -> None:
    position = tally.images - 1
    tally.annotations_read += _own(labels)
    for annotation in labels.annotations:
        builder.add(position, annotation)
    for reject in labels.rejects:
        note_reject(reject, tally, rejects)
    if labels.number >= 0:
        draft.position_of[labels.number] = position
    draft.state.append(labels.state)
    draft.source_id.append(labels.source_id)
    draft.declared.extend(labels.declared)
    draft.attributes.append(labels.attributes)


def _note_other(outcome: Reject | _LabelFile | _LostImage, tally: Tally, rejects: RejectWriter) -> None:
    if isinstance(outcome, _LabelFile):
        tally.label_files += 1
    elif isinstance(outcome, _LostImage):
        tally.annotations_read += outcome.annotations
        note_reject(outcome.reject, tally, rejects)
    else:
        tally.annotations_read += outcome.annotations
        note_reject(outcome, tally, rejects)


def _refuse_miscount(tally: Tally, columns: Columns) -> None:
    if (
        tally.files != tally.images + tally.label_files + tally.faults + tally.sidecars
        or tally.annotations_read != len(columns.label) + tally.annotations_lost
    ):
        raise CodedError("The import lost count of its files or annotations.", code="import.miscounted",
                         hint="Report this defect.")  # fmt: skip
