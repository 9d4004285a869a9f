"""What a format with label files is, and the question which one a folder has.

A format answers with every reading it can think of, as those of class folders do (`ml_core.data.formats.base`). The
reading that was chosen makes a `LabelReader`, which says of each file what it is and of each image what it shows.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ml_core.data.annotations.boxes import BoxFormat
from ml_core.data.annotations.builder import Annotation, TableBuilder
from ml_core.data.annotations.table import NOT_NAMED
from ml_core.data.file_index import FileIndex
from ml_core.data.formats.base import CERTAIN, Candidate, Split
from ml_core.data.formats.classification import SPLIT_NAMES
from ml_core.data.import_order import ImportReporter
from ml_core.data.manifest import Reject
from ml_core.errors import FormatError

_MODULES: Final = ("coco", "voc", "yolo")
_SPLIT_WORD: Final = re.compile(r"(train|training|val|valid|validate|validation|test|testing)[-_]?\d*")


@dataclass(frozen=True)
class Role:
    """What a file is to a data set.

    Attributes:
        kind: An image; labels of an image or of all; labels without an image; something else; of no use.
        split: Of an image, where the data set brings one.
        reason: For ``other`` and ``reject``: a sentence.
        cure: Likewise.
    """

    kind: Literal["image", "labels", "orphan", "other", "reject"]
    split: Split | None = None
    reason: str = ""
    cure: str = ""


class ImageLabels(NamedTuple):
    """What label files say of one image.

    Attributes:
        annotations: Its objects; those that `LabelReader.prepare` handed out already are not among them.
        rejects: Rows that cannot be used, each with its line.
        state: One of `NOT_NAMED`, `EMPTY`, `LABELLED`.
        number: Number of the image under which `prepare` handed out annotations; -1 without.
        handed_out: How many those are.
        source_id: Id of the image in the file.
        declared: Width and height that the file claims; 0 where it does not.
        attributes: What else it says, as a JSON object.
    """

    annotations: list[Annotation]
    rejects: list[Reject]
    state: int = NOT_NAMED
    number: int = -1
    handed_out: int = 0
    source_id: int = -1
    declared: tuple[int, int] = (0, 0)
    attributes: str = ""


class Categories(NamedTuple):
    """Classes when everything is read.

    Attributes:
        classes: Names.
        label_of: For each group of the builder, category to index of the class.
        described: What files say of each category: ``{"id", "name", "label", ...}``.
        warnings: What is likely not meant.
    """

    classes: tuple[str, ...]
    label_of: list[dict[int, int]]
    described: list[dict[str, Any]]
    warnings: list[str]


class LabelReader(Protocol):
    """One reading of a folder at work. `role` and `read` are called from threads."""

    box_format: BoxFormat
    numbers_are_ours: bool  # the files name classes by words, so the numbers in the table are the labels
    handed_out: int  # entries that `prepare` read, used or not

    def prepare(self, builder: TableBuilder, run: ImportReporter) -> None:
        """Read what is not one file an image."""

    def role(self, path: str) -> Role:
        """What a file is."""
        ...

    def read(self, path: str) -> ImageLabels:
        """What labels say of an image."""
        ...

    def positions(self, numbers: NDArray[np.int64], position_of: dict[int, int]) -> NDArray[np.int64]:
        """Position of the image of each annotation in the builder; -1 where it is not in the version.

        Args:
            numbers: What the annotations were added under.
            position_of: Position of each `ImageLabels.number`.
        """
        ...

    def orphan(self, path: str) -> Reject:
        """The words for labels without an image; counts what is lost with them."""
        ...

    def leftovers(self) -> Iterator[Reject]:
        """What label files name and no file is."""
        ...

    def source(self) -> dict[str, Any]:
        """Heads of label files worth keeping."""
        ...

    def categories(self, builder: TableBuilder) -> Categories:
        """The classes, when all annotations are in the builder."""
        ...


class LabelFormat(Protocol):
    """A layout of images and label files."""

    name: str
    title: str

    def recognise(self, index: FileIndex) -> Iterable[Candidate]:
        """Every reading of the folder in this format, certain or not."""
        ...

    def reader(self, index: FileIndex, candidate: Candidate) -> LabelReader:
        """The reading at work."""
        ...


_formats: dict[str, LabelFormat] = {}


def label_format(kind: Callable[[], LabelFormat]) -> Callable[[], LabelFormat]:
    """Class decorator: registers one instance under its name."""
    instance = kind()
    _formats[instance.name] = instance
    return kind


def all_label_formats() -> list[LabelFormat]:
    """Every format with label files, by name."""
    for name in _MODULES:
        importlib.import_module(f"ml_core.data.readers.{name}")
    return [_formats[name] for name in sorted(_formats)]


def recognise_labels(index: FileIndex) -> list[Candidate]:
    """Every reading of a folder in every format with label files, best first."""
    found = [candidate for entry in all_label_formats() for candidate in entry.recognise(index)]
    return sorted(found, key=lambda candidate: (-candidate.score, candidate.format, candidate.labels))


def choose_labels(
    index: FileIndex, readings: Sequence[Candidate], format_name: str = "", labels: str = ""
) -> Candidate:
    """The reading to use.

    Args:
        index: The folder.
        readings: What `recognise_labels` found in it.
        format_name: A format that a person chose; empty for the best certain one.
        labels: A folder or file of labels that a person chose, where there are several.

    Raises:
        FormatError: ``format.no_images``, ``format.unknown`` or ``format.unrecognised``.
    """
    known = [entry.name for entry in all_label_formats()]
    if format_name and format_name not in known:
        raise FormatError(f'There is no format of boxes called "{format_name}".', code="format.unknown",
                          hint=f"Known formats: {', '.join(known)}.")  # fmt: skip
    if not index.image_count():
        raise FormatError("There is no image in it.", code="format.no_images",
                          hint="Bring a folder with images and their label files.")  # fmt: skip
    found = [entry for entry in readings if not format_name or entry.format == format_name]
    if labels:
        found = [entry for entry in found if labels in entry.labels]
    if found and (format_name or labels or found[0].score >= CERTAIN):
        return found[0]
    guess = f" The nearest guess was: {found[0].evidence[0]}" if found else ""
    raise FormatError(
        f"No labels were recognised for these {index.image_count():,} images.{guess}", code="format.unrecognised",
        hint="Bring one of: images and labels folders with a data.yaml (YOLO), annotations/*.json (COCO), "
        "Annotations/*.xml beside JPEGImages (Pascal VOC).",
    )  # fmt: skip


def make_reader(index: FileIndex, candidate: Candidate) -> LabelReader:
    """The reader for a candidate of `recognise_labels`."""
    all_label_formats()
    return _formats[candidate.format].reader(index, candidate)


def split_of_name(name: str) -> Split | None:
    """The split that a folder or file name means: ``train``, ``val2017``, ``instances_test``..."""
    word = name.lower()
    if word in SPLIT_NAMES:
        return SPLIT_NAMES[word]
    for part in re.split(r"[\W_]+", word):
        match = _SPLIT_WORD.fullmatch(part)
        if match is not None:
            return SPLIT_NAMES[match[1]]
    return None


def split_of_folder(folder: str) -> Split | None:
    """The split that the parts of a path mean; the deepest one that means any."""
    return next((split for part in reversed(folder.split("/")) if (split := split_of_name(part))), None)


def count_of(number: int, one: str, many: str) -> str:
    """``1 image``, ``2 images``."""
    return f"{number:,} {one if number == 1 else many}"


def unreadable(path: str) -> Reject:
    """The words for a label file that is a link, a device or far too large."""
    return Reject(path, "The label file cannot be read: it is a link or too large.",
                  "Put the file itself into the folder.", is_file=False)  # fmt: skip
