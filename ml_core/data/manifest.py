"""The folder of a data set version: ``version.json``, ``items.jsonl``, ``rejects.csv``. Written once, read by all.

``items.jsonl`` holds one JSON object a line, sorted by path: path (relative to the images' folder, with ``/``), label
(index into classes; -1 in data sets with boxes, whose classes stand in the table ``annotations``), split, width, height
(upright, as people see it), mode, format, orientation, size_bytes, sha256.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from ml_core.data.formats.base import Split
from ml_core.errors import FormatError

FORMAT: Final = 1
VERSION_FILE: Final = "version.json"
ITEMS_FILE: Final = "items.jsonl"
REJECTS_FILE: Final = "rejects.csv"
STATISTICS_FILE: Final = "statistics.json"
READINGS_FILE: Final = "readings.json"

#: A spreadsheet takes a cell that begins so for a formula and may run it.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Item:
    """One image of a version; see the module's text for the fields."""

    path: str
    label: int
    split: Split
    width: int
    height: int
    mode: str
    format: str
    orientation: int
    size_bytes: int
    sha256: str

    def as_line(self) -> str:
        """The item as one line of ``items.jsonl``, with its line end."""
        values = {name: getattr(self, name) for name in Item.__slots__}
        return json.dumps(values, separators=(",", ":")) + "\n"


@dataclass(frozen=True, slots=True)
class Reject:
    """A file that could not be used: why, and what helps.

    Attributes:
        path: Relative to the images' folder; bytes that are no UTF-8 are written as escapes.
        reason: A sentence.
        cure: A sentence.
        is_fault: False for what never claimed to be an image, such as a README.
        annotations: Boxes and other annotations that are lost with it.
        is_file: False for a row of a label file, or an image that is named and does not exist.
    """

    path: str
    reason: str
    cure: str
    is_fault: bool = True
    annotations: int = 0
    is_file: bool = True


def read_version(folder: Path, tasks: tuple[str, ...] = ("classify",)) -> dict[str, Any]:
    """The content of ``version.json``.

    Args:
        folder: The version.
        tasks: What the caller can use: ``classify`` (a class an image), ``detect`` (an annotation table).

    Raises:
        FormatError: It is missing, damaged or of another format; ``version.task``, it is for another task.
    """
    try:
        version = json.loads((folder / VERSION_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError("The data set version has no readable version.json.", code="version.unreadable",
                          hint="Import the data set again.", where=VERSION_FILE) from error  # fmt: skip
    if not isinstance(version, dict) or version.get("format") != FORMAT:
        raise FormatError("The data set version was written by another release.", code="version.format",
                          hint="Import the data set again.", where=VERSION_FILE)  # fmt: skip
    if version.get("task", "classify") not in tasks:
        has = "boxes or shapes in its images" if version["task"] == "detect" else "one class for each image"
        raise FormatError(f"The data set has {has}, which cannot be used here.", code="version.task",
                          hint="Choose a data set of the other kind.", where=VERSION_FILE)  # fmt: skip
    return version


def read_items(folder: Path) -> Iterator[Item]:
    """The images of a version, one after another; memory does not grow with their number.

    Raises:
        FormatError: The list is missing or a line is damaged; ``where`` names the line.
    """
    try:
        stream = (folder / ITEMS_FILE).open(encoding="utf-8")
    except OSError as error:
        raise FormatError("The data set version has no readable list of images.", code="version.unreadable",
                          hint="Import the data set again.", where=ITEMS_FILE) from error  # fmt: skip
    with stream:
        for number, line in enumerate(stream, start=1):
            try:
                yield Item(**json.loads(line))
            except (ValueError, TypeError) as error:
                raise FormatError(
                    "The list of images is damaged.", code="version.damaged", hint="Import the data set again.",
                    where=f"{ITEMS_FILE}:{number}",
                ) from error  # fmt: skip


class Fingerprint:
    """A hash of what training sees: classes, and of each image its path, label, split and content."""

    def __init__(self, task: str, classes: tuple[str, ...]) -> None:
        self._hash = hashlib.sha256(json.dumps([FORMAT, task, classes], separators=(",", ":")).encode())

    def add(self, item: Item) -> None:
        """Take in the next image; the order counts."""
        line = json.dumps([item.path, item.label, item.split, item.sha256], separators=(",", ":"))
        self._hash.update(line.encode())

    def add_table(self, digest: str) -> None:
        """Take in the annotation table by its SHA-256."""
        self._hash.update(digest.encode())

    def __str__(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


class RejectWriter:
    """Writes ``rejects.csv``: path, reason, cure, and for data sets with boxes how many are lost.

    Cells that a spreadsheet would run are made plain text.
    """

    def __init__(self, stream: TextIO, *, with_annotations: bool = False) -> None:
        self._rows = csv.writer(stream)
        self._with_annotations = with_annotations
        self._rows.writerow(("path", "reason", "cure", *(("annotations",) if with_annotations else ())))

    def write(self, reject: Reject) -> None:
        """Add a line."""
        counted = (str(reject.annotations),) if self._with_annotations else ()
        self._rows.writerow(safe_cell(cell) for cell in (reject.path, reject.reason, reject.cure, *counted))


def safe_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe before ``= + - @`` and control characters."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
