"""Pascal VOC: an XML file for each image.

Found as ``Annotations`` beside ``JPEGImages`` with lists in ``ImageSets/Main``, one or two levels deeper
(``VOCdevkit/VOC2007``), as any two folders without lists, as ``train`` and ``valid`` folders, and with XML files beside
the images. Files are paired by their names; what ``<filename>`` says counts only where no image has the XML's name.
"""

from __future__ import annotations

import threading
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
from ml_core.data.names import natural_key
from ml_core.data.readers.base import (
    Categories,
    ImageLabels,
    Role,
    count_of,
    label_format,
    split_of_folder,
    split_of_name,
)
from ml_core.data.readers.voc_xml import Parsed, is_annotation, parse_annotation

_SAMPLED: Final = 12
_XML_BYTES: Final = 8 << 20  # a larger file does not describe one image, and XML takes twenty times its size
_NOT_XML: Final = "It is no well-formed XML file of Pascal VOC."


@dataclass
class _Pairing:
    """All folders of XML files, each with the folder of its images, and the lists of splits."""

    folders: dict[str, str] = field(default_factory=dict)
    files: int = 0
    images: int = 0
    matched: int = 0
    lists: dict[str, dict[str, Split]] = field(default_factory=dict)
    list_files: dict[str, tuple[Split, int]] = field(default_factory=dict)


@label_format
class Voc:
    """Annotations in the format of Pascal VOC."""

    name = "voc"
    title = "Pascal VOC"

    def recognise(self, index: FileIndex) -> Iterable[Candidate]:
        """One reading, of all folders with XML files together."""
        xml = index.with_suffix(".xml")
        if not xml or not index.image_count():
            return
        names = [join(folder, name) for folder, files in xml.items() for name in files]
        chosen = names[:: max(1, len(names) // _SAMPLED)][:_SAMPLED]
        good = sum(is_annotation(index.read_bytes(name, _XML_BYTES)) for name in chosen)
        if good:
            yield _candidate(_pair(index), good, len(chosen))

    def reader(self, index: FileIndex, candidate: Candidate) -> VocReader:
        """The reading at work."""
        return VocReader(index, _pair(index))


def _pair(index: FileIndex) -> _Pairing:
    pairing = _Pairing()
    stems = {folder: {stem(name) for name in names} for folder, names in index.images.items()}
    for folder, files in index.with_suffix(".xml").items():
        mine = {stem(name) for name in files}
        shared = {other: len(mine & known) for other, known in stems.items()}
        best = max(stems, key=lambda other: (shared[other], not _holds_masks(other), _nearness(folder, other), other))
        pairing.folders[folder] = best
        pairing.files += len(files)
        pairing.matched += len(mine & stems[best])
        pairing.lists[folder] = _read_lists(index, pairing, folder)
    pairing.images = sum(len(index.images[folder]) for folder in set(pairing.folders.values()))
    return pairing


def _holds_masks(folder: str) -> bool:
    """Whether a folder's name is one of pictures that show labels: they are called as the images are."""
    name = folder.rpartition("/")[2].lower()
    return name.startswith(("segmentation", "mask", "trimap", "label", "depth"))


def _nearness(folder: str, other: str) -> tuple[bool, int]:
    one, two = folder.split("/"), other.split("/")
    common = next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    return folder == other, common


def _read_lists(index: FileIndex, pairing: _Pairing, folder: str) -> dict[str, Split]:
    """Stem to split from ``ImageSets/Main/{train,val,test}.txt``; ``trainval`` alone is for training."""
    home = join(folder.rpartition("/")[0], "ImageSets")
    texts = [(place, name) for place in (join(home, "Main"), home) for name in index.others.get(place, ())
             if name.lower().endswith(".txt")]  # fmt: skip
    found: dict[str, Split] = {}
    by_name = {name[:-4].lower(): join(place, name) for place, name in reversed(texts)}
    if "train" in by_name:
        by_name.pop("trainval", None)
    for word, path in by_name.items():
        split = "train" if word == "trainval" else split_of_name(word) if "_" not in word else None
        if split is None:
            continue
        listed = [line.split()[0] for line in index.read_text(path).split("\n") if line.strip()]
        pairing.list_files[path] = (split, len(listed))
        for name in listed:
            found.setdefault(stem(name) if name.lower().endswith((".jpg", ".jpeg", ".png", ".xml")) else name, split)
    return found


def _candidate(pairing: _Pairing, good: int, sampled: int) -> Candidate:
    share = pairing.matched / max(1, pairing.files)
    score = 0.95 * (good / sampled) * max(share, 0.2)
    evidence = [f"{pairing.matched:,} of {count_of(pairing.files, 'XML file', 'XML files')} have an image of the same "
                "name."]  # fmt: skip
    evidence += [f'Labels in "{a or "."}", images in "{b or "."}".' for a, b in sorted(pairing.folders.items())[:8]]
    evidence += [f'"{path}" lists {count_of(n, "image", "images")} for {split}.' for path, (split, n) in
                 sorted(pairing.list_files.items())]  # fmt: skip
    if good < sampled:
        evidence.append(f"{sampled - good} of {sampled} XML files that were looked into are of another kind.")
    warnings = []
    if pairing.matched < pairing.images:
        warnings.append(f"Images without an XML file of their name: {pairing.images - pairing.matched:,}.")
    if pairing.matched < pairing.files:
        warnings.append(f"XML files without an image of their name: {pairing.files - pairing.matched:,}.")
    splits: dict[Split, tuple[str, ...]] = {}
    for split in SPLITS:
        places = [path for path, (listed, _) in pairing.list_files.items() if listed == split]
        places += [folder for folder in set(pairing.folders.values()) if split_of_folder(folder) == split]
        if places:
            splits[split] = tuple(sorted(places))
    return Candidate("voc", round(score, 3), tuple(evidence), "", splits, (), tuple(warnings), "detect",
                     tuple(sorted(pairing.folders)))  # fmt: skip


class VocReader:
    """All XML files of a folder, see `LabelReader`."""

    box_format: BoxFormat = "xyxy"
    numbers_are_ours = True
    handed_out = 0

    def __init__(self, index: FileIndex, pairing: _Pairing) -> None:
        self._index, self._pairing = index, pairing
        self._file_of: dict[str, str] = {}
        self._split_of: dict[str, Split] = {}
        self._alone: set[str] = set()
        self._image_folders = set(pairing.folders.values())
        self._number_of: dict[str, int] = {}
        self._lock = threading.Lock()
        xml = index.with_suffix(".xml")
        for folder, image_folder in pairing.folders.items():
            images = by_stem(index.images[image_folder])
            for name in xml[folder]:
                image = images.get(stem(name))
                path = join(image_folder, image) if image else ""
                if image and path not in self._file_of:
                    self._take(folder, join(folder, name), path)
                else:
                    self._alone.add(join(folder, name))
        self._paired = set(self._file_of.values())

    def _take(self, folder: str, file: str, image: str) -> None:
        self._file_of[image] = file
        split = self._pairing.lists[folder].get(stem(file))
        if split is not None:
            self._split_of[image] = split

    def prepare(self, builder: TableBuilder, run: ImportReporter) -> None:
        """Look into the XML files that have no image of their name: they may name another one."""
        places: dict[str, list[str]] = defaultdict(list)
        for folder in self._image_folders:
            for name in self._index.images[folder]:
                places[name].append(join(folder, name))
        for file in sorted(self._alone):
            run.raise_if_requested()
            parsed = parse_annotation(self._index.read_bytes(file, _XML_BYTES), file)
            name = parsed.file_name.replace("\\", "/").rpartition("/")[2] if parsed else ""
            found = [place for place in places.get(name, ()) if place not in self._file_of]
            if len(found) == 1:
                self._take(file.rpartition("/")[0], file, found[0])
        self._paired = set(self._file_of.values())
        self._alone -= self._paired

    def role(self, path: str) -> Role:
        """Images of paired folders, XML files, lists, and masks, which are not read."""
        folder = path.rpartition("/")[0]
        if path in self._paired:
            return Role("labels")
        if path in self._alone:
            return Role("orphan")
        if path in self._pairing.list_files:
            return Role("other", reason="It lists the images of a split and was read.", cure="Nothing.")
        if folder in self._image_folders:
            return Role("image", self._split_of.get(path, split_of_folder(folder)))
        if _holds_masks(folder):
            return Role("other", reason="It is a picture of masks, which are not read; the boxes are.", cure="Nothing.")
        return Role("reject", reason="It lies outside the folders of the images.",
                    cure="Move it beside the other images, or remove it.")  # fmt: skip

    def read(self, path: str) -> ImageLabels:
        """The objects in an image's XML file."""
        file = self._file_of.get(path)
        if file is None:
            return ImageLabels([], [], NOT_NAMED)
        parsed = parse_annotation(self._index.read_bytes(file, _XML_BYTES), file)
        if parsed is None:
            return ImageLabels([], [Reject(file, _NOT_XML, "Export it again.", is_file=False)], NOT_NAMED)
        annotations = [entry.annotation._replace(category=self._number(entry.name)) for entry in parsed.objects]
        state = LABELLED if annotations else EMPTY
        return ImageLabels(annotations, parsed.rejects, state, declared=parsed.size, attributes=parsed.attributes)

    def _number(self, name: str) -> int:
        with self._lock:
            return self._number_of.setdefault(name, len(self._number_of))

    def positions(self, numbers: NDArray[np.int64], position_of: dict[int, int]) -> NDArray[np.int64]:
        """Annotations are added under the position itself."""
        return numbers

    def orphan(self, path: str) -> Reject:
        """An XML file without an image, or one that is something else."""
        parsed: Parsed | None = parse_annotation(self._index.read_bytes(path, _XML_BYTES), path)
        if parsed is None:
            return Reject(path, _NOT_XML, "Export it again, or remove it.")
        return Reject(path, "There is no image for these labels.",
                      "Bring the image, with the same name up to its extension, or remove the file.",
                      annotations=len(parsed.objects) + len(parsed.rejects))  # fmt: skip

    def leftovers(self) -> Iterator[Reject]:
        """None: everything that was not used is a file."""
        return iter(())

    def source(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def categories(self, builder: TableBuilder) -> Categories:
        """Classes by their names, in natural order, whatever the order of the files."""
        used = set(builder.distinct_categories())
        names = sorted((name for name, number in self._number_of.items() if number in used), key=natural_key)
        label_of = {self._number_of[name]: label for label, name in enumerate(names)}
        described = [{"id": label, "name": name, "label": label} for label, name in enumerate(names)]
        return Categories(tuple(names), [label_of], described, [])
