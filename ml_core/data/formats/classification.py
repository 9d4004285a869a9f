"""One folder per class: ``class/image``, or ``split/class/image`` with train, val and test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from ml_core.data.formats.base import SPLITS, Candidate, Labelled, Split, dataset_format
from ml_core.data.names import natural_key
from ml_core.data.tree import Folder

SPLIT_NAMES: Final[dict[str, Split]] = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validate": "val", "validation": "val",
    "dev": "val", "test": "test", "testing": "test", "eval": "test",
}  # fmt: skip

#: Folders that other formats use for all their images: as the name of a class they are unlikely.
_CONTAINER_NAMES: Final = {"images", "image", "img", "imgs", "jpegimages", "labels", "annotations", "annots", "masks",
                           "labels_segment", "imagesets", "data", "photos", "pictures"}  # fmt: skip
_SPLIT_LIKE: Final = re.compile(r"(?:train|val|valid|test)[-_]?\d+")  # train2017 of COCO: a split, and no class
_MAX_WRAPPERS: Final = 3


@dataset_format
class Classification:
    """Folder names are class names."""

    name = "classification"
    title = "One folder per class"

    def recognise(self, tree: Folder) -> Iterable[Candidate]:
        """The reading with splits where folders are called so, and the flat one."""
        for root in _wrappers(tree):
            splits = [folder for folder in root.folders if folder.name.lower() in SPLIT_NAMES]
            if splits and any(folder.folders for folder in splits):
                yield _with_splits(root, splits)
            elif root.folders and any(folder.all_images() for folder in root.folders):
                yield _flat(root)

    def label(self, candidate: Candidate, path: str) -> Labelled | str:
        """The class is the first folder below the root, or below the split's folder."""
        prefix = candidate.root + "/" if candidate.root else ""
        if not path.startswith(prefix):
            return "It lies outside the folders of the classes."
        parts = path[len(prefix) :].split("/")
        split: Split | None = None
        if candidate.splits:
            split = _split_of(candidate, parts[0])
            if split is None or len(parts) == 1:
                return "It lies outside the folders of the splits."
            parts = parts[1:]
        if len(parts) < 2:
            return "It lies in no class folder."
        label = _index(candidate).get(parts[0])
        return "It lies in a folder that is no class." if label is None else Labelled(label, split)


def _split_of(candidate: Candidate, folder: str) -> Split | None:
    return next((split for split, folders in candidate.splits.items() if folder in folders), None)


_indices: dict[tuple[str, ...], dict[str, int]] = {}


def _index(candidate: Candidate) -> dict[str, int]:
    """Class name to number; kept for the data set in work, since it is asked for each of its files."""
    if candidate.classes not in _indices:
        _indices.clear()
        _indices[candidate.classes] = {name: number for number, name in enumerate(candidate.classes)}
    return _indices[candidate.classes]


def _wrappers(tree: Folder) -> Iterator[Folder]:
    """The tree itself, then what lies inside folders that only wrap another one."""
    yield tree
    for _ in range(_MAX_WRAPPERS):
        filled = [folder for folder in tree.folders if folder.all_images()]
        if tree.images or len(filled) != 1 or not filled[0].folders:
            return
        tree = filled[0]
        yield tree


def _with_splits(root: Folder, splits: list[Folder]) -> Candidate:
    named: dict[Split, tuple[str, ...]] = {}
    for split in SPLITS:
        names = tuple(folder.name for folder in splits if SPLIT_NAMES[folder.name.lower()] == split)
        if names:
            named[split] = names
    per_class: dict[str, int] = {}
    for folder in splits:
        for child in folder.folders:
            per_class[child.name] = per_class.get(child.name, 0) + child.all_images()
    evidence = [
        f'Folder "{folder.name}": {_count(folder.folders)} with {folder.all_images():,} images.' for folder in splits
    ]
    warnings = [
        f'The class "{name}" has no images in "{folder.name}".'
        for folder in splits
        for name in sorted(set(per_class), key=natural_key)
        if per_class[name] and name not in {child.name for child in folder.folders if child.all_images()}
    ]
    if "train" not in named:
        warnings.insert(0, "There is no folder of training images.")
    direct = sum(child.images for folder in splits for child in folder.folders)
    return _candidate(root, per_class, direct, evidence, warnings, named)


def _flat(root: Folder) -> Candidate:
    per_class = {folder.name: folder.all_images() for folder in root.folders}
    inside = sum(per_class.values())
    evidence = [f"{_count([folder for folder in root.folders if per_class[folder.name]])} with {inside:,} images."]
    return _candidate(root, per_class, sum(folder.images for folder in root.folders), evidence, [], {})


def _is_container(name: str) -> bool:
    return name in _CONTAINER_NAMES or name in SPLIT_NAMES or _SPLIT_LIKE.fullmatch(name) is not None


def _count(folders: list[Folder]) -> str:
    return "1 class folder" if len(folders) == 1 else f"{len(folders):,} class folders"


def _candidate(
    root: Folder,
    per_class: dict[str, int],
    direct: int,
    evidence: list[str],
    warnings: list[str],
    splits: dict[Split, tuple[str, ...]],
) -> Candidate:
    """Score: the share of images inside class folders, less where they lie deeper or the names are odd."""
    inside = sum(per_class.values())
    classes = tuple(sorted((name for name, count in per_class.items() if count), key=natural_key))
    empty = sorted((name for name, count in per_class.items() if not count), key=natural_key)
    outside = root.all_images() - inside
    score = (0.95 if splits else 0.9) * inside / max(1, inside + outside) * (0.5 + 0.5 * direct / max(1, inside))
    if len(classes) < 2:
        score *= 0.7
        warnings = [*warnings, "There is only one class, so nothing can be told apart."]
    containers = [name for name in classes if _is_container(name.lower())]
    if classes and 2 * len(containers) >= len(classes):
        score *= 0.3
        evidence = [*evidence, f'Folders such as "{containers[0]}" hardly name a class: another format is more likely.']
    if root.path:
        evidence = [*evidence, f'The data set lies inside the folder "{root.path}".']
    if outside:
        evidence = [*evidence, f"{outside:,} images lie outside of class folders."]
    warnings = [*warnings, *(f'The class folder "{name}" is empty and was left out.' for name in empty)]
    return Candidate(
        "classification", round(max(0.0, min(1.0, score)), 3), tuple(evidence), root.path, splits, classes,
        tuple(warnings),
    )  # fmt: skip
