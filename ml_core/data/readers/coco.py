"""COCO instances: JSON files with images, annotations and categories, and the images wherever they lie.

Several files of one kind (``instances_train2017.json``, ``instances_val2017.json``) are one data set; their ids of
images are told apart, their categories joined by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from ml_core.data.file_index import FileIndex, join
from ml_core.data.formats.base import SPLITS, Candidate, Split
from ml_core.data.readers.base import count_of, label_format, split_of_folder, split_of_name
from ml_core.data.readers.coco_images import ImageFinder, name_of
from ml_core.data.readers.coco_reader import CocoReader
from ml_core.data.readers.json_stream import read_document
from ml_core.errors import CodedError

_HEAD_BYTES: Final = 1 << 16
_LOOKED_INTO_BYTES: Final = 16 << 20  # smaller files are read whole, so that the evidence can give numbers
_LISTS: Final = re.compile(rb'"(images|annotations|categories)"\s*:\s*\[')
_MAX_DEPTH: Final = 5
_WORDS: Final = re.compile(r"[\W_]+|(?<=\D)(?=\d)")


@label_format
class Coco:
    """Annotations in the format of COCO."""

    name = "coco"
    title = "COCO"

    def recognise(self, index: FileIndex) -> Iterable[Candidate]:
        """One reading for each kind of annotation files, such as ``instances`` and ``person_keypoints``."""
        groups: dict[str, list[str]] = {}
        for folder, names in index.with_suffix(".json").items():
            for name in names:
                path = join(folder, name)
                if folder.count("/") < _MAX_DEPTH and _looks_like_coco(index, path):
                    groups.setdefault(_kind(name), []).append(path)
        finder = ImageFinder(index) if groups else None
        for kind, paths in groups.items():
            assert finder is not None
            yield _candidate(index, finder, kind, sorted(paths), len(groups))

    def reader(self, index: FileIndex, candidate: Candidate) -> CocoReader:
        """The reading at work."""
        return CocoReader(index, {path: _split_of_file(path) for path in candidate.labels})


def _looks_like_coco(index: FileIndex, path: str) -> bool:
    full = index.root / path
    try:
        if full.is_symlink() or not full.is_file():
            return False
        with full.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
            stream.seek(max(0, full.stat().st_size - _HEAD_BYTES))
            tail = stream.read(_HEAD_BYTES)
    except OSError:
        return False
    if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return False
    lists = {match[1] for match in _LISTS.finditer(head + b"\n" + tail)}
    # The head and the tail of a large file show two of the three lists at least, unless images are the middle one.
    return len(lists) >= 2 or (bool(lists) and full.stat().st_size > 2 * _HEAD_BYTES and _names_images(head + tail))


def _names_images(text: bytes) -> bool:
    return b'"file_name"' in text or b'"coco_url"' in text


def _kind(name: str) -> str:
    """What is left of a file's name without split, year and extension: ``instances_train2017.json`` -> instances."""
    words = [word for word in _WORDS.split(name.lower().removesuffix(".json")) if word]
    return "_".join(word for word in words if split_of_name(word) is None and not word.isdecimal())


def _split_of_file(path: str) -> Split | None:
    folder, _, name = path.rpartition("/")
    return split_of_name(name.removesuffix(".json")) or split_of_folder(folder)


def _candidate(index: FileIndex, finder: ImageFinder, kind: str, paths: list[str], kinds: int) -> Candidate:
    evidence, warnings = [], []
    found = listed = shapes = entries = 0
    classes: dict[str, None] = {}
    for path in paths:
        size = (index.root / path).stat().st_size
        if size > _LOOKED_INTO_BYTES:
            evidence.append(f'"{path}" ({size / 1e6:,.0f} MB) holds lists of images and annotations.')
            continue
        try:
            facts = _look_into(index, finder, path)
        except CodedError as error:
            warnings.append(f'"{path}" cannot be read: {error.message}')
            continue
        found, listed = found + facts["found"], listed + facts["images"]
        shapes, entries = shapes + facts["usable"], entries + facts["annotations"]
        classes |= dict.fromkeys(facts["classes"])
        evidence.append(
            f'"{path}" has {count_of(facts["annotations"], "annotation", "annotations")} for '
            f"{count_of(facts['images'], 'image', 'images')}, of which {facts['found']:,} are here."
        )
    score = 0.95 if kind in ("instances", "annotations_coco", "") or kinds == 1 else 0.85
    score *= (found / listed) ** 0.5 if listed else 0.9 if evidence else 0.1
    score *= 1.0 if shapes or not entries else 0.2
    if entries and not shapes:
        evidence.append("Its annotations have neither boxes nor shapes.")
    if listed > found:
        warnings.append(f"Images that are named and not here: {listed - found:,}.")
    splits: dict[Split, tuple[str, ...]] = {}
    for split in SPLITS:
        files = tuple(path for path in paths if _split_of_file(path) == split)
        if files:
            splits[split] = files
    if kinds > 1:
        evidence.append("There are several kinds of annotation files, one reading for each.")
    return Candidate("coco", round(score, 3), tuple(evidence or warnings), "", splits, tuple(classes), tuple(warnings),
                     "detect", tuple(paths))  # fmt: skip


def _look_into(index: FileIndex, finder: ImageFinder, path: str) -> dict[str, Any]:
    facts: dict[str, Any] = {"images": 0, "found": 0, "annotations": 0, "usable": 0, "classes": []}
    split = _split_of_file(path)

    def image(entry: Any) -> None:
        facts["images"] += 1
        name = name_of(entry) if isinstance(entry, dict) else None
        facts["found"] += isinstance(name, str) and bool(finder.find(name, split, path)[0])

    def annotation(entry: Any) -> None:
        facts["annotations"] += 1
        facts["usable"] += isinstance(entry, dict) and bool(entry.get("bbox") or entry.get("segmentation"))

    def category(entry: Any) -> None:
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            facts["classes"].append(entry["name"])

    read_document(index.root / path, {"images": image, "annotations": annotation, "categories": category})
    return facts
