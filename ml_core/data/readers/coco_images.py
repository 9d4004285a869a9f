"""Which file is meant by the ``file_name`` of a COCO file: by its name, then by as much of the path as fits."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from ml_core.data.file_index import FileIndex, join
from ml_core.data.formats.base import Split
from ml_core.data.readers.base import split_of_folder

AMBIGUOUS: Final = "Several images have this name, and nothing says which one is meant."
MISSING: Final = "The annotation file names this image, and there is no such file."


class ImageFinder:
    """Looks names up among all images of a folder."""

    def __init__(self, index: FileIndex) -> None:
        self._exact: dict[str, list[str]] = defaultdict(list)
        self._folded: dict[str, list[str]] = defaultdict(list)
        self._split_of: dict[str, Split | None] = {folder: split_of_folder(folder) for folder in index.images}
        for folder, names in index.images.items():
            for name in names:
                self._exact[name].append(join(folder, name))
                self._folded[name.casefold()].append(join(folder, name))

    def find(self, file_name: str, split: Split | None, label_file: str) -> tuple[str, str]:
        """The image's path, or an empty text and why there is none.

        Args:
            file_name: As the file writes it: with or without folders, from any system.
            split: The split of the label file; an image in a folder of another split is not meant.
            label_file: Path of the label file; of several images, those near it are meant.
        """
        parts = [part for part in file_name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
        if not parts:
            return "", MISSING
        places = self._exact.get(parts[-1]) or self._folded.get(parts[-1].casefold(), [])
        if split is not None:
            places = [place for place in places if self._split(place) in (split, None)]
        if not places:
            return "", MISSING
        if len(places) == 1:
            return places[0], ""
        ranked = sorted(((self._nearness(place, parts, split, label_file), place) for place in places), reverse=True)
        return (ranked[0][1], "") if ranked[0][0] > ranked[1][0] else ("", AMBIGUOUS)

    def _split(self, path: str) -> Split | None:
        return self._split_of[path.rpartition("/")[0]]

    def _nearness(self, place: str, parts: list[str], split: Split | None, label_file: str) -> tuple[int, bool, int]:
        tail = _common(list(reversed(place.split("/"))), list(reversed(parts)))
        return tail, split is not None and self._split(place) == split, _common(place.split("/"), label_file.split("/"))


def name_of(entry: dict[str, Any]) -> Any:
    """The name of an image; LVIS gives its address alone, whose last two parts are folder and name."""
    name, address = entry.get("file_name"), entry.get("coco_url")
    if name is None and isinstance(address, str):
        return "/".join(address.split("/")[-2:])
    return name


def _common(one: list[str], other: list[str]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
