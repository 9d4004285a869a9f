"""Corrections of a version as data: what a person or a fix wants changed. The version itself never changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ml_core.data.annotations.boxes import bounds
from ml_core.data.formats.base import SPLITS, Split
from ml_core.errors import FormatError

Corners = tuple[float, float, float, float]
Rings = tuple[tuple[float, ...], ...]
"""Polygons of one object, each x, y, x, y... in pixels."""

MAX_CHANGES: Final = 1_000_000
_MAX_BYTES: Final = 64 << 20
_MAX_RINGS, _MAX_NUMBERS, _LEAST_NUMBERS = 1000, 100_000, 6
_FARTHEST: Final = 2**31  # no image is larger


@dataclass
class Changes:
    """What is to be different. Images are positions, annotations rows of the old version.

    Attributes:
        remove: Rows that go.
        label: Row to its new class.
        corners: Row to its new box in pixels; a polygon moves along, a mask is given up.
        rings: Row to its new polygons in pixels, around which its box is drawn; a mask is given up.
        add: Image, class and box in pixels of new annotations.
        leave_out: Images that go, with their annotations.
        mark_empty: Images without labels that really show nothing.
        image_class: Image to its new class, where images have one class each.
        split: Image to its new split.
        classes: New names; at least as many as before. None keeps them.
    """

    remove: set[int] = field(default_factory=set)
    label: dict[int, int] = field(default_factory=dict)
    corners: dict[int, Corners] = field(default_factory=dict)
    rings: dict[int, Rings] = field(default_factory=dict)
    add: list[tuple[int, int, Corners]] = field(default_factory=list)
    leave_out: set[int] = field(default_factory=set)
    mark_empty: set[int] = field(default_factory=set)
    image_class: dict[int, int] = field(default_factory=dict)
    split: dict[int, Split] = field(default_factory=dict)
    classes: tuple[str, ...] | None = None

    def followed_by(self, other: Changes) -> Changes:
        """These changes and then others, which decide where both concern the same thing."""
        return Changes(
            self.remove | other.remove, {**self.label, **other.label}, {**self.corners, **other.corners},
            {**self.rings, **other.rings}, [*self.add, *other.add], self.leave_out | other.leave_out,
            self.mark_empty | other.mark_empty,
            {**self.image_class, **other.image_class}, {**self.split, **other.split}, other.classes or self.classes,
        )  # fmt: skip

    def counts(self) -> dict[str, int]:
        """How many of each kind there are; kinds without any are left out."""
        kinds = ("remove", "label", "corners", "rings", "add", "leave_out", "mark_empty", "image_class", "split")
        counted = {kind: len(getattr(self, kind)) for kind in kinds} | {"classes": int(self.classes is not None)}
        return {kind: count for kind, count in counted.items() if count}


def read_json(path: Path) -> Any:
    """The content of a JSON file of at most 64 MiB.

    Raises:
        FormatError: ``changes.unreadable``.
    """
    try:
        if path.stat().st_size <= _MAX_BYTES:
            return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError("The list of changes cannot be read.", code="changes.unreadable",
                          hint="Write it as JSON.", where=path.name) from error  # fmt: skip
    raise FormatError("The list of changes is too large.", code="changes.unreadable",
                      hint="Make several versions.", where=path.name)  # fmt: skip


def parse_changes(document: Any, *, images: int, rows: int, classes: int) -> Changes:
    """Changes from JSON: a list of ``{"do": name, ...}`` in the order in which they were made.

    ``remove`` row; ``relabel`` row, label; ``move`` row, box; ``reshape`` row, polygons; ``add`` image, label, box;
    ``leave_out`` image; ``mark_empty`` image; ``set_class`` image, label; ``set_split`` image, split; ``rename``
    classes. Boxes are left, top, right, bottom in pixels, polygons lists of x, y, x, y... A later change of the same
    thing replaces the earlier one.

    Args:
        document: The list.
        images: How many images the version has.
        rows: How many annotations.
        classes: How many classes; ``rename`` may add some for the changes behind it.

    Raises:
        FormatError: ``changes.invalid``; ``where`` is the number of the change, from 1 on.
    """
    if not isinstance(document, list) or len(document) > MAX_CHANGES:
        raise _invalid("Changes are a list.", 0)
    changes = Changes()
    for number, entry in enumerate(document, start=1):
        reader = _Entry(entry, number)
        what = reader.text("do")
        if what == "remove":
            changes.remove.add(reader.index("row", rows))
        elif what == "relabel":
            changes.label[reader.index("row", rows)] = reader.index("label", classes)
        elif what == "move":
            changes.corners[reader.index("row", rows)] = reader.box()
            changes.rings.pop(reader.index("row", rows), None)
        elif what == "reshape":
            changes.rings[reader.index("row", rows)] = reader.polygons()
            changes.corners.pop(reader.index("row", rows), None)
        elif what == "add":
            changes.add.append((reader.index("image", images), reader.index("label", classes), reader.box()))
        elif what == "leave_out":
            changes.leave_out.add(reader.index("image", images))
        elif what == "mark_empty":
            changes.mark_empty.add(reader.index("image", images))
        elif what == "set_class":
            changes.image_class[reader.index("image", images)] = reader.index("label", classes)
        elif what == "set_split":
            changes.split[reader.index("image", images)] = reader.split()
        elif what == "rename":
            changes.classes = reader.names(classes)
            classes = len(changes.classes)
        else:
            raise _invalid(f'There is no change called "{what}".', number)
    return changes


class _Entry:
    """One change, read with care."""

    def __init__(self, entry: Any, number: int) -> None:
        if not isinstance(entry, dict):
            raise _invalid("A change is an object.", number)
        self._entry, self._number = entry, number

    def text(self, key: str) -> str:
        value = self._entry.get(key)
        return value if isinstance(value, str) else ""

    def index(self, key: str, count: int) -> int:
        value = self._entry.get(key)
        if type(value) is not int or not 0 <= value < count:
            raise _invalid(f'"{key}" is a whole number below {count:,}.', self._number)
        return value

    def box(self) -> Corners:
        value: Any = self._entry.get("box")
        good = isinstance(value, list) and len(value) == 4 and all(map(_is_pixel, value))
        if not good or value[2] <= value[0] or value[3] <= value[1]:
            raise _invalid('"box" is left, top, right and bottom in pixels, with an area.', self._number)
        return float(value[0]), float(value[1]), float(value[2]), float(value[3])

    def polygons(self) -> Rings:
        value: Any = self._entry.get("polygons")
        if not isinstance(value, list) or not 0 < len(value) <= _MAX_RINGS or not all(map(_is_ring, value)):
            raise _invalid('"polygons" is a list of lists x, y, x, y... of three points at least.', self._number)
        if sum(map(len, value)) > _MAX_NUMBERS:
            raise _invalid(f"Polygons have {_MAX_NUMBERS:,} numbers at most.", self._number)
        left, top, right, bottom = bounds([number for ring in value for number in ring])
        if right <= left or bottom <= top:
            raise _invalid('"polygons" have an area.', self._number)
        return tuple(tuple(map(float, ring)) for ring in value)

    def split(self) -> Split:
        for split in SPLITS:
            if self._entry.get("split") == split:
                return split
        raise _invalid('"split" is train, val or test.', self._number)

    def names(self, least: int) -> tuple[str, ...]:
        value: Sequence[Any] = self._entry.get("classes") or ()
        names = tuple(name.strip() for name in value if isinstance(name, str) and name.strip())
        if not isinstance(value, list) or len(names) != len(value) or len(set(names)) != len(names):
            raise _invalid('"classes" is a list of different names.', self._number)
        if len(names) < least:
            raise _invalid(f"There are {least:,} classes, so that many names are needed.", self._number)
        return names


def _is_ring(value: Any) -> bool:
    if not isinstance(value, list) or len(value) < _LEAST_NUMBERS or len(value) % 2:
        return False
    return all(map(_is_pixel, value))


def _is_pixel(value: Any) -> bool:
    # Infinity and NaN are not below any number; a whole number may be too long for a float.
    return type(value) in (int, float) and abs(value) < _FARTHEST


def _invalid(message: str, number: int) -> FormatError:
    return FormatError(message, code="changes.invalid", hint="Correct the list of changes.",
                       where=f"change {number}" if number else "")  # fmt: skip
