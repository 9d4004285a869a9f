"""What differs between two versions of a data set, in images and in annotations, found by content and not by order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.data.annotations.boxes import Boxes, overlap
from ml_core.data.annotations.table import EMPTY, AnnotationTable
from ml_core.data.manifest import Item, read_items, read_version

_LISTED: Final = 500
_SAME_PIXELS: Final = 1e-3
_MOVED: Final = 0.3  # intersection over union from which two boxes are one that was moved


class _Side:
    """One of the two versions."""

    def __init__(self, folder: Path) -> None:
        facts = read_version(folder, ("classify", "detect"))
        self.fingerprint: str = facts["fingerprint"]
        self.classes: list[str] = facts["classes"]
        self.items: list[Item] = list(read_items(folder))
        self.position = {item.path: number for number, item in enumerate(self.items)}
        self.table = AnnotationTable(folder) if facts["task"] == "detect" else None

    def name(self, label: int) -> str:
        """The class's name; empty for none."""
        return self.classes[label] if 0 <= label < len(self.classes) else ""

    def is_empty(self, position: int) -> bool:
        """Whether a label file says that the image shows nothing."""
        return self.table is not None and int(self.table.image_state[position]) == EMPTY

    def points(self, position: int) -> NDArray[np.float64]:
        """The numbers of all shapes of an image."""
        if self.table is None:
            return np.zeros(0)
        rows = self.table.of_image(position)
        first, behind = self.table.point_offsets[self.table.ring_offsets[[rows.start, rows.stop]]].tolist()
        return np.asarray(self.table.points[first:behind])

    def shape(self, position: int, number: int) -> list[NDArray[np.float64]]:
        """The polygons of one annotation of an image in pixels, or the numbers of its mask."""
        assert self.table is not None
        row, item = self.table.of_image(position)[number], self.items[position]
        return self.table.polygons(row, item.width, item.height) or self.table.rings(row)

    def boxes(self, position: int) -> tuple[list[str], Boxes]:
        """Names of classes and corners of an image's annotations."""
        if self.table is None:
            return [], np.zeros((0, 4))
        rows, item = self.table.of_image(position), self.items[position]
        names = [self.name(label) for label in self.table.label[rows.start : rows.stop].tolist()]
        return names, self.table.corners_of(position, item.width, item.height)


@dataclass
class _Found:
    """Differences so far."""

    images: Counter[str] = field(default_factory=Counter)
    annotations: Counter[str] = field(default_factory=Counter)
    classes: dict[str, Counter[str]] = field(default_factory=dict)
    listed: list[dict[str, Any]] = field(default_factory=list)

    def image(self, kind: str, path: str, **more: Any) -> None:
        self.images[kind] += 1
        self._list({"kind": kind, "path": path, **more})

    def annotation(self, kind: str, path: str, name: str, **more: Any) -> None:
        self.annotations[kind] += 1
        self.classes.setdefault(name, Counter())[kind] += 1
        self._list({"kind": f"annotation_{kind}", "path": path, "class": name, **more})

    def _list(self, entry: dict[str, Any]) -> None:
        if len(self.listed) < _LISTED:
            self.listed.append(entry)


def difference(old: Path, new: Path) -> dict[str, Any]:
    """What became different from the version ``old`` to the version ``new``.

    Returns:
        ``equal``; ``images``: counts of ``added``, ``removed``, ``replaced`` (other content under the same path),
        ``moved`` (to another split), ``relabelled``, ``marked_empty`` (said to show nothing now) and ``unmarked`` (no
        more); ``annotations``: counts of ``added``, ``removed``, ``moved``, ``relabelled`` and ``reshaped`` (the box
        stays, its outline does not); ``classes``: the same by class; ``names``: classes ``added`` and ``removed``;
        ``listed``: the first 500 with their paths.
    """
    one, two = _Side(old), _Side(new)
    found = _Found()
    for item in one.items:
        if item.path not in two.position:
            found.image("removed", item.path, split=item.split)
            _count_all(one, item, "removed", found)
    for position, item in enumerate(two.items):
        before = one.position.get(item.path)
        if before is None:
            found.image("added", item.path, split=item.split)
            _count_all(two, item, "added", found)
        else:
            _compare_images(one, two, before, position, found)
    return {
        "equal": one.fingerprint == two.fingerprint,
        "old": one.fingerprint,
        "new": two.fingerprint,
        "images": dict(found.images),
        "annotations": dict(found.annotations),
        "classes": {name: dict(counts) for name, counts in sorted(found.classes.items())},
        "names": {"added": [name for name in two.classes if name not in one.classes],
                  "removed": [name for name in one.classes if name not in two.classes]},
        "listed": found.listed,
    }  # fmt: skip


def _count_all(side: _Side, item: Item, kind: str, found: _Found) -> None:
    for name in side.boxes(side.position[item.path])[0]:
        found.annotation(kind, item.path, name)


def _compare_images(one: _Side, two: _Side, before: int, after: int, found: _Found) -> None:
    old, new = one.items[before], two.items[after]
    if old.sha256 != new.sha256:
        found.image("replaced", new.path)
    if old.split != new.split:
        found.image("moved", new.path, old=old.split, new=new.split)
    if one.table is None and two.table is None and one.name(old.label) != two.name(new.label):
        found.image("relabelled", new.path, old=one.name(old.label), new=two.name(new.label))
    names, corners = one.boxes(before)
    other_names, other_corners = two.boxes(after)
    if not names and not other_names and one.is_empty(before) != two.is_empty(after):
        found.image("marked_empty" if two.is_empty(after) else "unmarked", new.path)
    same_boxes = names == other_names and np.array_equal(corners, other_corners)
    if same_boxes and np.array_equal(one.points(before), two.points(after)):
        return
    for kind, mine, other in _pairs(names, corners, other_names, other_corners):
        if kind == "":
            if not _same_shape(one.shape(before, mine), two.shape(after, other)):
                found.annotation("reshaped", new.path, other_names[other])
        elif kind == "relabelled":
            found.annotation(kind, new.path, other_names[other], old=names[mine])
        elif kind == "removed":
            found.annotation(kind, new.path, names[mine])
        else:
            found.annotation(kind, new.path, other_names[other])


def _pairs(
    names: list[str], corners: Boxes, other_names: list[str], other_corners: Boxes
) -> Iterator[tuple[str, int, int]]:
    """Kinds of difference between the boxes of one image, each with the box in the old and in the new version.

    Equal boxes, whose kind is empty, go first, then boxes in the same place with another name, then the best overlaps
    of one name.
    """
    mine, theirs = set(range(len(names))), set(range(len(other_names)))
    overlaps = _all_overlaps(corners, other_corners)
    same_place = _same_places(corners, other_corners)
    for kind, close in (("", same_place), ("relabelled", same_place), ("moved", overlaps >= _MOVED)):
        for a, b in sorted(np.argwhere(close).tolist(), key=lambda pair: -overlaps[pair[0], pair[1]]):
            equal_names = names[a] == other_names[b]
            if a in mine and b in theirs and equal_names == (kind != "relabelled"):
                mine.discard(a)
                theirs.discard(b)
                yield kind, a, b
    yield from (("removed", a, -1) for a in sorted(mine))
    yield from (("added", -1, b) for b in sorted(theirs))


def _same_shape(one: list[NDArray[np.float64]], other: list[NDArray[np.float64]]) -> bool:
    return len(one) == len(other) and all(
        mine.shape == theirs.shape and np.allclose(mine, theirs, rtol=0, atol=_SAME_PIXELS)
        for mine, theirs in zip(one, other, strict=True)
    )


def _same_places(one: Boxes, other: Boxes) -> NDArray[np.bool_]:
    distance: NDArray[np.float64] = np.abs(one[:, None, :] - other[None, :, :]).max(axis=2, initial=0.0)
    return distance <= _SAME_PIXELS


def _all_overlaps(one: Boxes, other: Boxes) -> NDArray[np.float64]:
    pairs = overlap(np.repeat(one, len(other), axis=0), np.tile(other, (len(one), 1)))
    return pairs.reshape(len(one), len(other))
