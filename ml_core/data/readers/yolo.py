"""YOLO: a text file for each image, with a row for each object.

Found in three layouts: ``images/train`` beside ``labels/train`` (Ultralytics), ``train/images`` beside
``train/labels`` (Roboflow), and label files beside the images (darknet, labelImg). What describes the data set is read
by `yolo_description`, but files decide: a folder that really is there is taken, whatever a path says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.data.annotations.boxes import BoxFormat
from ml_core.data.annotations.builder import TableBuilder
from ml_core.data.annotations.table import EMPTY, LABELLED, NOT_NAMED
from ml_core.data.file_index import FileIndex, by_stem, join, stem
from ml_core.data.formats.base import SPLITS, Candidate, Split
from ml_core.data.import_order import ImportReporter
from ml_core.data.manifest import Reject
from ml_core.data.readers.base import Categories, ImageLabels, Role, count_of, label_format, split_of_folder, unreadable
from ml_core.data.readers.yolo_description import Description, describe
from ml_core.data.readers.yolo_rows import looks_like_rows, parse_rows

_BESIDE: Final = "beside the images"
_SAMPLED: Final = 24
_SHOWN: Final = 5
_NOT_LABELS: Final = {"classes.txt", "train.txt", "val.txt", "valid.txt", "test.txt", "trainval.txt", "readme.txt",
                      "requirements.txt", "notes.txt", "license.txt", "names.txt", "labels.txt", "readme.dataset.txt",
                      "readme.roboflow.txt"}  # fmt: skip


@dataclass
class _Pairing:
    """Folders of images with their folders of labels, of one kind of labels."""

    kind: str
    folders: dict[str, str] = field(default_factory=dict)
    images: int = 0
    labels: int = 0
    matched: int = 0


@label_format
class Yolo:
    """Label files of YOLO."""

    name = "yolo"
    title = "YOLO"

    def recognise(self, index: FileIndex) -> Iterable[Candidate]:
        """One reading for each kind of label folders, such as ``labels`` and ``labels_segment``."""
        pairings = _pairings(index)
        if not pairings:
            return
        known = describe(index)
        for pairing in pairings:
            yield _candidate(index, pairing, known, len(pairings))

    def reader(self, index: FileIndex, candidate: Candidate) -> YoloReader:
        """The reading at work."""
        pairing = next(entry for entry in _pairings(index) if (entry.kind,) == candidate.labels)
        return YoloReader(index, pairing, describe(index))


def _label_files(index: FileIndex) -> dict[str, list[str]]:
    found = index.with_suffix(".txt")
    kept = {folder: [name for name in names if name.lower() not in _NOT_LABELS] for folder, names in found.items()}
    return {folder: names for folder, names in kept.items() if names}


def _pairings(index: FileIndex) -> list[_Pairing]:
    texts = _label_files(index)
    found: dict[str, _Pairing] = {}
    places = _places_of(texts)
    for folder, images in index.images.items():
        for label_folder, kind in _label_folders(folder, texts, places):
            stems = {stem(name) for name in images}
            labels = texts[label_folder]
            matched = sum(stem(name) in stems for name in labels)
            if not matched and kind == _BESIDE:
                continue
            pairing = found.setdefault(kind, _Pairing(kind))
            if folder in pairing.folders:
                continue
            pairing.folders[folder] = label_folder
            pairing.images += len(images)
            pairing.labels += len(labels)
            pairing.matched += matched
    return sorted((pairing for pairing in found.values() if pairing.matched), key=lambda entry: -entry.matched)


_Place = tuple[tuple[str, ...], tuple[str, ...]]


def _places_of(texts: dict[str, list[str]]) -> dict[_Place, list[tuple[str, str]]]:
    """Folders with a part called ``label...``, by what stands before and behind it."""
    found: dict[_Place, list[tuple[str, str]]] = defaultdict(list)
    for folder in texts:
        parts = tuple(folder.split("/"))
        for number, part in enumerate(parts):
            if part.lower().startswith(("label", "annotation")):
                found[parts[:number], parts[number + 1 :]].append((folder, part))
    return found


def _label_folders(
    folder: str, texts: dict[str, list[str]], places: dict[_Place, list[tuple[str, str]]]
) -> Iterator[tuple[str, str]]:
    """The folder itself, folders whose path differs in the one part called ``label...``, and such ones inside."""
    if folder in texts:
        yield folder, _BESIDE
    parts = tuple(folder.split("/")) if folder else ()
    for number in range(len(parts)):
        yield from (place for place in places.get((parts[:number], parts[number + 1 :]), ()) if place[0] != folder)
    yield from places.get((parts, ()), ())


def _candidate(index: FileIndex, pairing: _Pairing, known: Description, kinds: int) -> Candidate:
    good, sampled = _sample(index, pairing)
    share = max(pairing.matched / max(1, pairing.images), pairing.matched / max(1, pairing.labels))
    where = "files beside the images" if pairing.kind == _BESIDE else f'folders called "{pairing.kind}"'
    score = (0.9 if pairing.kind in ("labels", _BESIDE) else 0.8) * share * (good / max(1, sampled)) ** 2
    evidence = [f"{pairing.matched:,} of {count_of(pairing.images, 'image', 'images')} have a label file, in {where}."]
    if known.path:
        score += 0.09
        evidence += known.evidence
    if good < sampled:
        evidence.append(f"{sampled - good} of {sampled} label files that were looked into hold no rows of YOLO.")
    if kinds > 1:
        evidence.append("There are several kinds of label folders, one reading for each.")
    warnings = list(known.warnings)
    splits: dict[Split, tuple[str, ...]] = {}
    split_of = _splits(pairing, known)
    for split in SPLITS:
        folders = tuple(folder for folder in pairing.folders if split_of[folder] == split)
        if folders:
            splits[split] = folders
            more = f" and {len(folders) - _SHOWN:,} more" if len(folders) > _SHOWN else ""
            evidence.append(f"{split}: {', '.join(folders[:_SHOWN])}{more}.")
    if known.listed:
        for split in sorted(set(known.listed.values())):
            splits.setdefault(split, (f"list of {split}",))
    if pairing.matched < pairing.images:
        warnings.append(f"Images without a label file: {pairing.images - pairing.matched:,}.")
    if pairing.matched < pairing.labels:
        warnings.append(f"Label files without an image: {pairing.labels - pairing.matched:,}.")
    if not known.names:
        warnings.append("No file names the classes, so they are called by their numbers.")
    return Candidate("yolo", round(min(1.0, score), 3), tuple(evidence), "", splits, tuple(known.names.values()),
                     tuple(warnings), "detect", (pairing.kind,))  # fmt: skip


def _sample(index: FileIndex, pairing: _Pairing) -> tuple[int, int]:
    texts = _label_files(index)
    names = [join(folder, name) for folder in dict.fromkeys(pairing.folders.values()) for name in texts[folder]]
    chosen = names[:: max(1, len(names) // _SAMPLED)][:_SAMPLED]
    return sum(looks_like_rows(index.read_text(name)) for name in chosen), len(chosen)


def _splits(pairing: _Pairing, known: Description) -> dict[str, Split | None]:
    """The split of each folder of images: from the description where it leads there, else from its name."""
    found: dict[str, Split | None] = {}
    for folder in pairing.folders:
        said = [split for place, split in known.folders.items() if _is_inside(folder, place)]
        found[folder] = said[0] if len(set(said)) == 1 else split_of_folder(folder)
    return found


def _is_inside(folder: str, place: str) -> bool:
    return not place or folder == place or folder.startswith(place + "/")


class YoloReader:
    """One kind of label folders, see `LabelReader`."""

    box_format: BoxFormat = "cxcywhn"
    numbers_are_ours = False
    handed_out = 0

    def __init__(self, index: FileIndex, pairing: _Pairing, known: Description) -> None:
        self._index, self._known = index, known
        self._split = _splits(pairing, known)
        self._labels_of: dict[str, str] = {}
        self._second: set[str] = set()
        label_files = _label_files(index)
        texts: dict[str, dict[str, str]] = {folder: by_stem(label_files[folder]) for folder in pairing.folders.values()}
        self._orphans = {join(folder, name) for folder in texts for name in label_files[folder]}
        for folder, label_folder in pairing.folders.items():
            for name in index.images[folder]:
                found = texts[label_folder].pop(stem(name), None)
                path = join(folder, name)
                if found is not None:
                    self._labels_of[path] = join(label_folder, found)
                elif index.has_file(join(label_folder, stem(name) + ".txt")):
                    self._second.add(path)
        self._paired = set(self._labels_of.values())
        self._orphans -= self._paired

    def prepare(self, builder: TableBuilder, run: ImportReporter) -> None:
        """Nothing: each image has its own file."""

    def role(self, path: str) -> Role:
        """Images of paired folders, their label files, descriptions."""
        folder = path.rpartition("/")[0]
        if path in self._paired:
            return Role("labels")
        if path in self._orphans:
            return Role("orphan")
        if path in self._known.used:
            return Role("other", reason="It describes the data set and was read.", cure="Nothing.")
        if folder not in self._split:
            return Role("reject", reason="It lies outside the folders of the images.",
                        cure="Move it beside the other images, or remove it.")  # fmt: skip
        if path in self._second:
            return Role("reject", reason="Another image of the same name has its label file.",
                        cure="Rename one of the two images and give it a label file of its own.")  # fmt: skip
        return Role("image", self._known.listed.get(path, self._split[folder]))

    def read(self, path: str) -> ImageLabels:
        """The rows of an image's label file."""
        name = self._labels_of.get(path)
        if name is None:
            return ImageLabels([], [], NOT_NAMED)
        text = self._index.read_text(name)
        if not text and not self._index.is_empty(name):
            return ImageLabels([], [unreadable(name)], NOT_NAMED)
        rows = parse_rows(text, name, self._known.keypoint_values)
        return ImageLabels(rows.annotations, rows.rejects, LABELLED if rows.annotations else EMPTY)

    def positions(self, numbers: NDArray[np.int64], position_of: dict[int, int]) -> NDArray[np.int64]:
        """Annotations are added under the position itself."""
        return numbers

    def orphan(self, path: str) -> Reject:
        """A label file without an image."""
        count = parse_rows(self._index.read_text(path), path, self._known.keypoint_values).came_in
        return Reject(path, "There is no image for these labels.",
                      "Bring the image, with the same name up to its extension, or remove the file.",
                      annotations=count)  # fmt: skip

    def leftovers(self) -> Iterator[Reject]:
        """None: everything that was not used is a file."""
        return iter(())

    def source(self) -> dict[str, Any]:
        """The shape of keypoints, without which rows with keypoints cannot be read again."""
        return {"kpt_shape": self._known.keypoints} if self._known.keypoints else {}

    def categories(self, builder: TableBuilder) -> Categories:
        """Names as described; without any, a class for each number that occurs."""
        names, warnings = dict(self._known.names), []
        if not names:
            names = {number: f"class {number}" for number in builder.distinct_categories()}
            warnings = ["No file names the classes, so they are called by their numbers."]
        unique = _unique(names)
        label_of = {number: label for label, number in enumerate(unique)}
        described = [{"id": number, "name": name, "label": label_of[number]} for number, name in unique.items()]
        return Categories(tuple(unique.values()), [label_of], described, warnings)


def _unique(names: dict[int, str]) -> dict[int, str]:
    """The same names, told apart by their number where one comes twice."""
    seen: dict[str, int] = defaultdict(int)
    for name in names.values():
        seen[name] += 1
    return {number: name if seen[name] == 1 else f"{name} ({number})" for number, name in names.items()}
