"""What is exported: a version with its images and annotations, and the names that its images get."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ml_core.data.annotations.boxes import BoxFormat, convert
from ml_core.data.annotations.builder import POLYGONS, Annotation
from ml_core.data.annotations.table import AnnotationTable, image_sizes
from ml_core.data.manifest import Item, read_items, read_version

_BAD_IN_NAMES: Final = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')


@dataclass(frozen=True)
class Row:
    """An annotation as a writer takes it.

    Attributes:
        number: Its row in the table.
        label: Index of its class, -1 without.
        annotation: Box and shape as they are written; see `Source.rows`.
        attributes: What else is known.
    """

    number: int
    label: int
    annotation: Annotation
    attributes: dict[str, Any]


@dataclass
class Losses:
    """What the new format cannot hold; each with a count."""

    counts: Counter[str] = field(default_factory=Counter)
    left_out_images: int = 0
    left_out_annotations: int = 0
    names: list[tuple[str, str]] = field(default_factory=list)

    def note(self, what: str, count: int = 1) -> None:
        """Something is written with less than it had."""
        if count:
            self.counts[what] += count

    def leave_out_annotation(self, path: str, why: str) -> None:
        """An annotation is not written."""
        self.counts[why] += 1
        self.left_out_annotations += 1
        self.names.append((path, why))

    def leave_out_image(self, path: str, why: str) -> None:
        """An image is not written."""
        self.counts[why] += 1
        self.left_out_images += 1
        self.names.append((path, why))


class Source:
    """A version at work.

    Args:
        version: Its folder.
        root: The folder of its images.
    """

    def __init__(self, version: Path, root: Path) -> None:
        self.root = root
        self.facts = read_version(version, ("classify", "detect"))
        self.classes: list[str] = self.facts["classes"]
        self.items = list(read_items(version))
        self.table = AnnotationTable(version) if self.facts["task"] == "detect" else None
        self.sizes = image_sizes(self.items)

    @property
    def box_format(self) -> BoxFormat:
        """How boxes are written in the version."""
        assert self.table is not None
        return self.table.box_format

    def splits(self) -> list[str]:
        """Splits that have images, in the usual order."""
        used = {item.split for item in self.items}
        return [split for split in ("train", "val", "test") if split in used]

    def new_names(self, *, one_folder: bool) -> list[str]:
        """A file name for each image, whose stem is its own within its split, or within all where ``one_folder``.

        It is the name that it has; where two have one, the folders come before it.
        """
        taken: set[tuple[str, str]] = set()
        names = []
        for item in self.items:
            place = "" if one_folder else item.split
            plain = PurePosixPath(item.path)
            tries: Iterator[str] = iter((plain.name, "_".join(plain.parts)))
            stem, suffix, number = "", plain.suffix, 1
            for attempt in tries:
                stem = safe_name(attempt.removesuffix(suffix))
                if (place, stem.casefold()) not in taken:
                    break
            while (place, stem.casefold()) in taken:
                number += 1
                stem = f"{stem}_{number}"
            taken.add((place, stem.casefold()))
            names.append(stem + suffix)
        return names

    def rows(self, position: int, wanted: BoxFormat) -> list[Row]:
        """Annotations of an image with boxes as ``wanted``; polygons in pixels, or as shares for ``cxcywhn``."""
        table = self.table
        assert table is not None
        numbers = table.of_image(position)
        if not numbers:
            return []
        part = slice(numbers.start, numbers.stop)
        size = self.sizes[position]
        boxes = convert(table.box[part], table.box_format, wanted, size[None, :]).tolist()
        columns = zip(numbers, table.label[part].tolist(), table.category[part].tolist(), boxes,
                      table.kind[part].tolist(), table.flags[part].tolist(), table.area[part].tolist(),
                      table.source_id[part].tolist(), table.attribute[part].tolist(), strict=True)  # fmt: skip
        found = []
        for number, label, category, box, kind, flags, area, source_id, attribute in columns:
            rings = self._rings(number, kind, wanted, size.tolist()) if kind else []
            found.append(Row(number, label, Annotation(category, box, kind, rings, flags, area, source_id),
                             table.attributes[attribute] if attribute >= 0 else {}))  # fmt: skip
        return found

    def _rings(self, number: int, kind: int, wanted: BoxFormat, size: list[int]) -> list[list[float]]:
        assert self.table is not None
        rings = self.table.rings(number)
        if kind == POLYGONS and (self.box_format == "cxcywhn") != (wanted == "cxcywhn"):
            width, height = size if self.box_format == "cxcywhn" else (1 / size[0], 1 / size[1])
            rings = [(ring.reshape(-1, 2) * (width, height)).ravel() for ring in rings]
        return [ring.tolist() for ring in rings]


def safe_name(name: str) -> str:
    """A name that any file system takes: no control characters, separators or leading dots."""
    cleaned = _BAD_IN_NAMES.sub("_", name).strip() or "_"
    return "_" + cleaned[1:] if cleaned.startswith(".") else cleaned


def distinct_names(names: list[str]) -> list[str]:
    """The names made safe for folders, still all different."""
    found: list[str] = []
    for name in names:
        safe, number = safe_name(name), 1
        while safe.casefold() in {other.casefold() for other in found}:
            number += 1
            safe = f"{safe_name(name)}_{number}"
        found.append(safe)
    return found


def plain_number(value: float) -> int | float:
    """An integer where it is one, so that files show 12 and not 12.0."""
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def item_source(root: Path, item: Item) -> Path:
    """Where an image lies."""
    return root / item.path
