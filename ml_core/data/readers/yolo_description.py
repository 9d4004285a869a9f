"""What a YOLO data set says of itself: ``data.yaml`` (Ultralytics, Roboflow), ``obj.data`` (darknet), or names.

Paths in these files are believed only where they lead to images: exported archives often name folders that are called
otherwise, or lead outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

from ml_core.data.file_index import FileIndex, join
from ml_core.data.formats.base import SPLITS, Split
from ml_core.data.readers.base import count_of, split_of_name
from ml_core.errors import CodedError
from ml_core.run.config import read_yaml

_MAX_DEPTH: Final = 4
_MAX_CLASSES: Final = 100_000
_NAME_FILES: Final = ("classes.txt", "_darknet.labels", "obj.names", "names.txt", "labels.txt")


@dataclass
class Description:
    """A description file and what of it holds.

    Attributes:
        path: The file; empty where there is none.
        names: Class number to name.
        folders: Folder of images to its split.
        listed: Image to its split, from lists of images.
        evidence: Sentences.
        warnings: Sentences about what is wrong in it.
        used: All files that were read.
        doubtful: Folders that it names for several splits.
        keypoints: Number of keypoints behind each box, and values of each (``kpt_shape``); empty without.
    """

    path: str = ""
    names: dict[int, str] = field(default_factory=dict)
    folders: dict[str, Split] = field(default_factory=dict)
    listed: dict[str, Split] = field(default_factory=dict)
    evidence: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
    keypoints: list[int] = field(default_factory=list)

    @property
    def keypoint_values(self) -> int:
        """How many numbers keypoints add to a row."""
        return self.keypoints[0] * self.keypoints[1] if self.keypoints else 0


def describe(index: FileIndex) -> Description:
    """The description of a folder: the one whose paths hold best, else a list of names, else nothing."""
    faults: list[str] = []
    found = [*_yaml_files(index, faults), *_darknet_files(index)]
    if found:
        best = max(
            found, key=lambda entry: (len(entry.folders) + bool(entry.listed), bool(entry.names), -len(entry.path))
        )
        for other in found:
            if other is not best:
                best.warnings.append(f'"{other.path}" describes the data set too and was not used.')
                best.used |= other.used
        best.warnings += faults
        return best
    alone = _names_alone(index)
    alone.warnings += faults
    return alone


def _yaml_files(index: FileIndex, faults: list[str]) -> Iterator[Description]:
    for folder, names in index.others.items():
        if folder.count("/") >= _MAX_DEPTH:
            continue
        for name in names:
            if name.lower().endswith((".yaml", ".yml")):
                known = _from_yaml(index, join(folder, name), faults)
                if known is not None:
                    yield known


def _from_yaml(index: FileIndex, path: str, faults: list[str]) -> Description | None:
    full = index.root / path
    if full.is_symlink() or not full.is_file():
        return None
    try:
        values = read_yaml(full)
    except CodedError as error:
        faults.append(f'"{path}" was not used: {error.message}')
        return None
    except UnicodeDecodeError:
        faults.append(f'"{path}" was not used: it is not UTF-8 text.')
        return None
    if not ({"names", "nc"} & values.keys() and {"train", "val", "test", "names"} & values.keys()):
        return None
    known = Description(path, used={path})
    known.names = _names_of(values.get("names"))
    folder = path.rpartition("/")[0]
    declared = values.get("nc")
    known.evidence.append(f'"{path}" names {count_of(len(known.names), "class", "classes")}.')
    if isinstance(declared, int) and known.names and declared != len(known.names):
        known.warnings.append(f'"{path}" says nc: {declared}, but names {len(known.names)}.')
    if not known.names and isinstance(declared, int) and 0 < declared <= _MAX_CLASSES:
        known.names = {number: f"class {number}" for number in range(declared)}
        known.warnings.append(f'"{path}" gives no names, so classes are called by their numbers.')
    shape = values.get("kpt_shape")
    if isinstance(shape, list) and len(shape) == 2 and all(isinstance(v, int) and 0 < v <= 1000 for v in shape):
        known.keypoints = shape
    base = values.get("path")
    for split in SPLITS:
        value = values.get(split, values.get("valid") if split == "val" else None)
        _resolve_split(index, known, folder, base if isinstance(base, str) else "", split, value)
    return known


def _names_of(value: Any) -> dict[int, str]:
    """Names from a list, or from a mapping whose keys are numbers, also where they are written as text."""
    if isinstance(value, list):
        pairs = list(enumerate(value))
    elif isinstance(value, dict):
        pairs = [(int(key), name) for key, name in value.items() if str(key).isdecimal() and len(str(key)) < 9]
    else:
        return {}
    return {number: str(name) for number, name in sorted(pairs[:_MAX_CLASSES])}


def _resolve_split(index: FileIndex, known: Description, folder: str, base: str, split: Split, value: Any) -> None:
    entries = value if isinstance(value, list) else [value]
    for entry in entries:
        if not isinstance(entry, str) or not entry.strip():
            continue
        place = _resolve(index, folder, base, entry.strip())
        if place is None:
            known.warnings.append(f'"{known.path}" says {split}: {entry}, and there is no such folder of images.')
        elif place in index.images or any(name.startswith(place + "/") for name in index.images) or place == "":
            _take_folder(known, place, split)
        else:
            _read_list(index, known, place, split)


def _take_folder(known: Description, place: str, split: Split) -> None:
    """Believe a folder for a split, unless the file gives it for another one as well: then nobody knows."""
    if place in known.doubtful or known.folders.get(place, split) != split:
        known.folders.pop(place, None)
        known.doubtful.add(place)
        known.warnings.append(f'"{known.path}" names the folder "{place}" for several splits; it decides none.')
    else:
        known.folders[place] = split


def _resolve(index: FileIndex, folder: str, base: str, entry: str) -> str | None:
    """The folder of images or the list that a path means; tried as written, then without what leads outside."""
    written = entry.replace("\\", "/")
    tries = [join(join(folder, base), written), join(folder, written), written]
    parts = [part for part in PurePosixPath(written).parts if part not in ("/", "..", ".")]
    tries += [join(folder, "/".join(parts[start:])) for start in range(len(parts))]
    for attempt in tries:
        place = _normal(attempt)
        if place is None:
            continue
        if index.has_file(place) or any(name == place or name.startswith(place + "/") for name in index.images):
            return place
    return None


def _normal(path: str) -> str | None:
    """The path without ``.`` and ``..``; nothing where it leads out of the root."""
    if path.startswith("/"):
        return None
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _read_list(index: FileIndex, known: Description, path: str, split: Split) -> None:
    """A text file with the path of an image in each line, as darknet and Ultralytics take it."""
    known.used.add(path)
    lines = [line.strip().replace("\\", "/") for line in index.read_text(path).split("\n")]
    lines = [line for line in lines if line]
    wanted: dict[str, list[str]] = {}
    for folder, names in index.images.items():
        for name in names:
            wanted.setdefault(name, []).append(join(folder, name))
    lost = 0
    for line in lines:
        parts = [part for part in line.split("/") if part not in ("", ".", "..")]
        places = wanted.get(parts[-1], []) if parts else []
        best = max(places, key=lambda place: (_common_tail(place.split("/"), parts), place), default=None)
        if best is None:
            lost += 1
        else:
            known.listed.setdefault(best, split)
    known.evidence.append(f'"{path}" lists {count_of(len(lines), "image", "images")} for {split}.')
    if lost:
        known.warnings.append(f'"{path}" lists {count_of(lost, "image that is", "images that are")} not there.')


def _common_tail(one: list[str], other: list[str]) -> int:
    count = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a != b:
            break
        count += 1
    return count


def _darknet_files(index: FileIndex) -> Iterator[Description]:
    for folder, names in index.others.items():
        for name in names:
            if name.lower().endswith(".data") and folder.count("/") < _MAX_DEPTH:
                known = _from_darknet(index, join(folder, name))
                if known is not None:
                    yield known


def _from_darknet(index: FileIndex, path: str) -> Description | None:
    values: dict[str, str] = {}
    for line in index.read_text(path, 1 << 20).splitlines():
        key, separator, value = line.partition("=")
        if separator:
            values[key.strip()] = value.strip()
    if not {"train", "names", "classes"} <= values.keys():
        return None
    known = Description(path, used={path})
    folder = path.rpartition("/")[0]
    names = _resolve(index, folder, "", values["names"])
    if names is None:
        known.warnings.append(f'"{path}" says names: {values["names"]}, and there is no such file.')
    else:
        known.names = _name_list(index, names)
        known.used.add(names)
    known.evidence.append(f'"{path}" names {count_of(len(known.names), "class", "classes")}.')
    pairs: tuple[tuple[str, Split], ...] = (("train", "train"), ("valid", "val"), ("val", "val"), ("test", "test"))
    for key, split in pairs:
        if key in values:
            _resolve_split(index, known, folder, "", split, values[key])
    return known


def _name_list(index: FileIndex, path: str) -> dict[int, str]:
    lines = [line.strip() for line in index.read_text(path, 1 << 22).split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return dict(enumerate(lines[:_MAX_CLASSES]))


def _names_alone(index: FileIndex) -> Description:
    """Names from ``classes.txt``, ``*.names`` and the like, and splits from lists called ``train.txt``."""
    known = Description()
    for folder, names in sorted(index.others.items(), key=lambda entry: (entry[0].count("/"), entry[0])):
        for name in names:
            path = join(folder, name)
            if name.lower() in _NAME_FILES or name.lower().endswith(".names"):
                known.used.add(path)
                if not known.names:
                    known.names, known.path = _name_list(index, path), path
                    known.evidence.append(f'"{path}" names {count_of(len(known.names), "class", "classes")}.')
            elif name.lower().endswith(".txt") and folder.count("/") < 2 and folder not in index.images:
                split = split_of_name(name[:-4])
                if split is not None and name[:-4].lower() not in ("trainval", "train_val"):
                    _read_list(index, known, path, split)
    return known
