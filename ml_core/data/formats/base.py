"""What a data set format is, and the question which one a folder has.

To add a format, write one module beside this one with a class that fits `DatasetFormat` and is decorated with
`dataset_format`. It is found by itself. A recogniser answers with every reading it can think of, each with a score and
the evidence for it: which one is used is decided here, in the open, never by who came first.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol

import ml_core.data.formats as package
from ml_core.data.tree import Folder, read_tree
from ml_core.errors import FormatError

Split = Literal["train", "val", "test"]
SPLITS: Final[tuple[Split, ...]] = ("train", "val", "test")

#: Below this score a reading is a guess, and a person must say what it is.
CERTAIN: Final = 0.5


@dataclass(frozen=True)
class Candidate:
    """One reading of a folder.

    Attributes:
        format: Name of the format.
        score: From 0 to 1; sure from `CERTAIN` on.
        evidence: Sentences for people: what speaks for this reading, and what against it.
        root: Folder inside the given one that the reading starts from, with ``/``; empty for the given one itself.
        splits: Split to its folders below ``root``; empty where the data set brings no splits.
        classes: Class names in natural order.
        warnings: What works but is likely not meant.
        task: ``classify``: one class an image; ``detect``: boxes, polygons or masks.
        labels: Folders or files of labels that this reading takes, where labels lie in files of their own.
    """

    format: str
    score: float
    evidence: tuple[str, ...]
    root: str = ""
    splits: dict[Split, tuple[str, ...]] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    task: Literal["classify", "detect"] = "classify"
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Labelled:
    """What a format says about one file: its class, and its split where the data set brings splits."""

    label: int
    split: Split | None


class DatasetFormat(Protocol):
    """A layout of files that means something."""

    name: str
    title: str

    def recognise(self, tree: Folder) -> Iterable[Candidate]:
        """Every reading of the tree in this format, certain or not."""
        ...

    def label(self, candidate: Candidate, path: str) -> Labelled | str:
        """Class and split of the file at ``path`` (relative to the given folder), or a sentence why it has none."""
        ...


_formats: dict[str, DatasetFormat] = {}


def dataset_format(kind: Callable[[], DatasetFormat]) -> Callable[[], DatasetFormat]:
    """Class decorator: registers one instance under its name."""
    instance = kind()
    _formats[instance.name] = instance
    return kind


def all_formats() -> list[DatasetFormat]:
    """Every known format, by name."""
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return [_formats[name] for name in sorted(_formats)]


def get_format(name: str) -> DatasetFormat:
    """The format called ``name``.

    Raises:
        FormatError: ``format.unknown``.
    """
    known = {entry.name: entry for entry in all_formats()}
    if name not in known:
        raise FormatError(f'There is no data set format "{name}".', code="format.unknown",
                          hint=f"Known formats: {', '.join(known)}.")  # fmt: skip
    return known[name]


def recognise(root: Path, check_cancelled: Callable[[], None] | None = None) -> list[Candidate]:
    """Every reading of the folder ``root`` in every format, best first."""
    return recognise_tree(read_tree(root, check_cancelled))


def recognise_tree(tree: Folder) -> list[Candidate]:
    """Every reading of a tree in every format, best first."""
    found = [candidate for entry in all_formats() for candidate in entry.recognise(tree)]
    return sorted(found, key=lambda candidate: (-candidate.score, candidate.format, candidate.root))


def choose(tree: Folder, format_name: str = "") -> Candidate:
    """The reading to use.

    Args:
        tree: What lies in the folder.
        format_name: A format that a person chose; then its best reading is taken, however weak. Empty: the best
            certain one.

    Raises:
        FormatError: ``format.no_images`` or ``format.unrecognised``; the hint shows the layout that is expected.
    """
    images = tree.all_images()
    if not images:
        raise FormatError(
            "There is no image in it.", code="format.no_images",
            hint="Bring a folder with one sub-folder per class, each with JPEG or PNG files in it.",
        )  # fmt: skip
    found = recognise_tree(tree)
    if format_name:
        found = [candidate for candidate in found if candidate.format == get_format(format_name).name]
    if found and (format_name or found[0].score >= CERTAIN):
        return found[0]
    guess = f" The nearest guess was: {found[0].evidence[0]}" if found else ""
    raise FormatError(
        f"The layout of these {images:,} images was not recognised.{guess}", code="format.unrecognised",
        hint="Put the images into one folder per class, such as cats/1.jpg and dogs/2.jpg, "
        "or into train/cats/1.jpg and val/cats/2.jpg.",
    )  # fmt: skip
