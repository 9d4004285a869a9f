"""A folder tree read once: what lies where, for the recognisers and for the import."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ml_core.data.archive_names import MAX_DEPTH, MAX_PATH_CHARS, is_junk
from ml_core.data.image_header import claims_to_be_image
from ml_core.data.names import natural_key

CHECK_EVERY: Final = 64  # folders between two looks at whether the user cancelled


@dataclass
class Folder:
    """One folder: names below it and how many files of which kind lie directly in it.

    Attributes:
        path: Relative to the root, with ``/``; empty for the root itself.
        folders: Sub-folders in natural order of their names.
        images: Files whose extension is one of an image.
        others: Other files.
        other_names: Names of some of the others, for evidence such as ``data.yaml``.
    """

    path: str
    folders: list[Folder] = field(default_factory=list)
    images: int = 0
    others: int = 0
    other_names: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    def all_images(self) -> int:
        """Images here and below."""
        return self.images + sum(folder.all_images() for folder in self.folders)

    def all_files(self) -> int:
        """Files here and below."""
        return self.images + self.others + sum(folder.all_files() for folder in self.folders)


def read_tree(root: Path, check_cancelled: Callable[[], None] | None = None) -> Folder:
    """List all folders below ``root``; links are not followed, hidden and junk entries left out."""
    seen = 0

    def read(path: str, depth: int) -> Folder:
        nonlocal seen
        seen += 1
        if check_cancelled is not None and seen % CHECK_EVERY == 0:
            check_cancelled()
        folder = Folder(path)
        names = []
        for entry in _entries(root / path):
            if entry.is_dir(follow_symlinks=False):
                names.append(entry.name)
            elif claims_to_be_image(entry.name):
                folder.images += 1
            else:
                folder.others += 1
                if len(folder.other_names) < 20:
                    folder.other_names.append(entry.name)
        if depth < MAX_DEPTH:
            names.sort(key=natural_key)
            folder.folders = [read(f"{path}/{name}" if path else name, depth + 1) for name in names]
        return folder

    return read("", 0)


def walk_files(root: Path) -> Iterator[str]:
    """Every file below ``root`` as a path relative to it, sorted as plain text; one folder in memory at a time.

    Links are yielded as what they are; the import turns them into rejects. So are folders that are too deep to be
    read: they come with a ``/`` at their end. Junk and hidden entries are left out.
    """

    def walk(folder: str, depth: int) -> Iterator[str]:
        # With "/" behind folder names, the order of the walk is the order of the finished paths.
        entries = sorted(
            (entry.name + "/" if entry.is_dir(follow_symlinks=False) else entry.name)
            for entry in _entries(root / folder)
        )
        for name in entries:
            path = folder + name
            if name.endswith("/") and depth < MAX_DEPTH and len(path) < MAX_PATH_CHARS:
                yield from walk(path, depth + 1)
            else:
                yield path

    return walk("", 0)


def _entries(path: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(path) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and not is_junk((entry.name,)):
                yield entry
