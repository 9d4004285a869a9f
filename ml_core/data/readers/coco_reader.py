"""The files of a COCO data set at work: streamed once, joined by ids, whatever the order of their lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml_core.data.annotations.boxes import BoxFormat
from ml_core.data.annotations.builder import TableBuilder
from ml_core.data.annotations.table import EMPTY, LABELLED, NOT_NAMED
from ml_core.data.file_index import FileIndex
from ml_core.data.formats.base import Split
from ml_core.data.import_order import ImportReporter
from ml_core.data.manifest import Reject
from ml_core.data.readers.base import Categories, ImageLabels, Role, split_of_folder
from ml_core.data.readers.coco_images import AMBIGUOUS, ImageFinder, name_of
from ml_core.data.readers.coco_rows import BAD_SHAPE, CURES, NO_IMAGE, NO_OBJECT, read_annotation, to_json
from ml_core.data.readers.json_stream import read_document

_IMAGE_KEYS: Final = frozenset(("id", "file_name", "width", "height"))
_UNLISTED: Final = "An annotation belongs to an image that the file does not list."
_NO_NAME: Final = "An entry of the images has no id or no file name."
_BRING: Final = "Bring the image, or take it out of the file."
_MAX_SIDE: Final = 1 << 30


class _Entry(NamedTuple):
    """An image as a file lists it."""

    file: int
    name: str
    source_id: int
    width: int
    height: int
    attributes: str


class CocoReader:
    """One kind of annotation files, see `LabelReader`.

    Args:
        index: The folder.
        files: Annotation files with the split of each.
    """

    box_format: BoxFormat = "xywh"
    numbers_are_ours = False

    def __init__(self, index: FileIndex, files: dict[str, Split | None]) -> None:
        self._index, self._files = index, files
        self._number_of: list[dict[int | str, int]] = [{} for _ in files]
        self._entries: dict[int, _Entry] = {}
        self._next_number = 0
        self._categories: list[list[dict[str, Any]]] = [[] for _ in files]
        self._heads: dict[str, Any] = {}
        self._rejects: list[Reject] = []
        self._lost: list[tuple[int, str]] = []
        self.handed_out = 0
        self._number_at: dict[str, int] = {}
        self._same: dict[int, int] = {}
        self._counts: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._folders: set[str] = set()

    def prepare(self, builder: TableBuilder, run: ImportReporter) -> None:
        """Read all files and find the image of each entry."""
        sizes = [(self._index.root / path).stat().st_size for path in self._files]
        before = 0
        for file, (path, size) in enumerate(zip(self._files, sizes, strict=True)):
            self._read_file(file, path, builder, run, before, sum(sizes))
            before += size
        self._find_images()
        self._counts = np.bincount(builder.images(), minlength=self._next_number)
        for alias, kept in self._same.items():
            self._counts[kept] += self._counts[alias]

    def positions(self, numbers: NDArray[np.int64], position_of: dict[int, int]) -> NDArray[np.int64]:
        """Position of the image of each annotation, from that of each image number; -1 where it is in no version."""
        table = np.full(self._next_number + 1, -1, dtype=np.int64)
        for number, position in position_of.items():
            table[number] = position
        for alias, kept in self._same.items():
            table[alias] = table[kept]
        return table[numbers]

    def _read_file(
        self, file: int, path: str, builder: TableBuilder, run: ImportReporter, before: int, total: int
    ) -> None:
        seen = 0
        number_of = self._number_of[file]

        def on_bytes(done: int) -> None:
            run.progress(before + done, total, "bytes", "read labels")
            run.raise_if_requested()

        def annotation(entry: Any) -> None:
            nonlocal seen
            seen += 1
            self.handed_out += 1
            if type(entry) is not dict:
                return self._refuse(path, seen, NO_OBJECT)
            image = entry.get("image_id")
            if type(image) is not int and type(image) is not str:
                return self._refuse(path, seen, NO_IMAGE)
            row, shape_lost = read_annotation(entry)
            if isinstance(row, str):
                return self._refuse(path, seen, row)
            if shape_lost:
                self._rejects.append(Reject(f"{path}: annotation {seen}", BAD_SHAPE, CURES[BAD_SHAPE], is_file=False))
            number = number_of.get(image)
            if number is None:
                number = self._number(number_of, image)
            builder.add(number, row, file)
            return None

        handlers = {"images": lambda entry: self._image(file, path, entry), "annotations": annotation,
                    "categories": lambda entry: self._category(file, entry)}  # fmt: skip
        self._heads[path] = read_document(self._index.root / path, handlers, on_bytes)

    def _refuse(self, path: str, number: int, reason: str) -> None:
        where = f"{path}: annotation {number}"
        self._rejects.append(Reject(where, reason, CURES[reason], annotations=1, is_file=False))

    def _number(self, number_of: dict[int | str, int], image: int | str) -> int:
        number = number_of[image] = self._next_number
        self._next_number += 1
        return number

    def _image(self, file: int, path: str, entry: Any) -> None:
        key, name = (entry.get("id"), name_of(entry)) if type(entry) is dict else (None, None)
        if not isinstance(key, int | str) or type(name) is not str or not name:
            self._rejects.append(Reject(path, _NO_NAME, "Give it an id and a file_name.", is_file=False))
            return
        number = self._number_of[file].get(key)
        if number is None:
            number = self._number(self._number_of[file], key)
        width, height = (
            side if type(side := entry.get(word)) is int and 0 < side < _MAX_SIDE else 0 for word in ("width", "height")
        )
        extra = {word: value for word, value in entry.items() if word not in _IMAGE_KEYS}
        if type(key) is str:
            extra["id"] = key
        source_id = key if type(key) is int and abs(key) < 1 << 62 else -1
        self._entries[number] = _Entry(file, name, source_id, width, height, to_json(extra) if extra else "")

    def _category(self, file: int, entry: Any) -> None:
        if type(entry) is dict and type(entry.get("id")) is int and isinstance(entry.get("name"), str):
            self._categories[file].append(entry)

    def _find_images(self) -> None:
        finder = ImageFinder(self._index)
        paths, splits = list(self._files), list(self._files.values())
        for number, entry in self._entries.items():
            file = entry.file
            place, why = finder.find(entry.name, splits[file], paths[file])
            if why:
                self._lost.append((number, why))
            elif place in self._number_at:
                self._same[number] = self._number_at[place]
            else:
                self._number_at[place] = number
                self._folders.add(place.rpartition("/")[0])

    def role(self, path: str) -> Role:
        """Listed images; images beside them, which nothing names; the annotation files."""
        number = self._number_at.get(path)
        if number is not None:
            split = list(self._files.values())[self._entries[number].file]
            return Role("image", split)
        if path in self._files:
            return Role("labels")
        folder = path.rpartition("/")[0]
        if folder in self._folders:
            return Role("image", split_of_folder(folder))
        return Role("reject", reason="It lies outside the folders of the images.",
                    cure="Move it beside the other images and list it, or remove it.")  # fmt: skip

    def read(self, path: str) -> ImageLabels:
        """What was handed out for an image."""
        number = self._number_at.get(path)
        if number is None:
            return ImageLabels([], [], NOT_NAMED)
        entry, count = self._entries[number], int(self._counts[number])
        return ImageLabels([], [], LABELLED if count else EMPTY, number, count, entry.source_id,
                           (entry.width, entry.height), entry.attributes)  # fmt: skip

    def orphan(self, path: str) -> Reject:
        """The words for a label file without images; `role` never calls one so."""
        return Reject(path, "There is no image for these labels.", "Bring the images.")

    def leftovers(self) -> Iterator[Reject]:
        """Annotations that are none, and images that are named and not here, with their annotations."""
        yield from self._rejects
        paths = list(self._files)
        for number, why in self._lost:
            entry = self._entries[number]
            cure = "Write the folder into its file_name." if why == AMBIGUOUS else _BRING
            yield Reject(f"{paths[entry.file]}: {entry.name}", why, cure, annotations=int(self._counts[number]),
                         is_file=False)  # fmt: skip
        for file, number_of in enumerate(self._number_of):
            for image, number in number_of.items():
                if number not in self._entries:
                    yield Reject(f"{paths[file]}: image_id {image}", _UNLISTED, "List the image in the file.",
                                 annotations=int(self._counts[number]), is_file=False)  # fmt: skip

    def source(self) -> dict[str, Any]:
        """Head of each file, such as ``info`` and ``licenses``."""
        return {"files": {path: head for path, head in self._heads.items() if len(to_json(head)) < 1 << 18}}

    def categories(self, builder: TableBuilder) -> Categories:
        """Categories by id; those of further files join those of the same name."""
        names: dict[str, int] = {}
        described: list[dict[str, Any]] = []
        label_of: list[dict[int, int]] = []
        warnings = []
        groups = range(len(self._categories))
        occurring = {number for group in groups for number in builder.distinct_categories(group)}
        for entries in self._categories:
            mine: dict[int, int] = {}
            used: set[str] = set()
            wanted = {entry["name"]: int(entry["id"]) for entry in reversed(entries) if entry["id"] in occurring}
            for entry in sorted(entries, key=lambda entry: int(entry["id"])):
                name = entry["name"]
                # Roboflow lists the name of the project as an empty category; the one that occurs keeps the name.
                if name in used or wanted.get(name, entry["id"]) != entry["id"]:
                    name = f"{name} ({entry['id']})"
                    warnings.append(f'Two categories are called "{entry["name"]}"; one is now "{name}".')
                used.add(name)
                if name not in names:
                    names[name] = len(names)
                    described.append({**entry, "label": names[name]})
                mine.setdefault(entry["id"], names[name])
            label_of.append(mine)
        pairs = {(label, number) for mapping in label_of for number, label in mapping.items()}
        if len(pairs) > len(names):
            warnings.append("A category has different ids in the files; they were joined by name.")
        if self._same:
            warnings.append(f"Images that are listed twice: {len(self._same):,}. Their annotations were joined.")
        return Categories(tuple(names), label_of, described, warnings)
