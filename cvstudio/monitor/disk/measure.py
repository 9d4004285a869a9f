"""Bytes of files, with files counted once that lie in several folders by hard links."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class File:
    """A file of the disk and the names under which it was seen.

    Attributes:
        size: Bytes.
        links: How many names it has in all.
        paths: Those that were seen.
    """

    size: int
    links: int
    paths: set[Path] = field(default_factory=set)


def files_of(paths: Iterable[Path]) -> dict[tuple[int, int], File]:
    """Every file below the paths, by device and inode. Links to elsewhere are not followed."""
    found: dict[tuple[int, int], File] = {}
    for path in paths:
        for entry in _walk(path):
            try:
                stat = entry.stat(follow_symlinks=False)
            except OSError:
                continue  # it went while we looked
            file = found.setdefault((stat.st_dev, stat.st_ino), File(stat.st_size, stat.st_nlink))
            file.paths.add(Path(entry))
    return found


def bytes_taken(files: dict[tuple[int, int], File]) -> int:
    """Bytes that the files take."""
    return sum(file.size for file in files.values())


def bytes_freed(files: dict[tuple[int, int], File]) -> int:
    """Bytes that come back when all these names go: a file that has another name elsewhere stays."""
    return sum(file.size for file in files.values() if len(file.paths) >= file.links)


def bytes_gone(files: dict[tuple[int, int], File]) -> int:
    """Bytes that did come back: of files none of whose names is left."""
    return sum(
        file.size
        for file in files.values()
        if len(file.paths) >= file.links and not any(path.exists() for path in file.paths)
    )


def _walk(path: Path) -> Iterator[os.DirEntry[str] | Path]:
    if path.is_symlink():
        return
    if path.is_file():
        yield path
        return
    folders = [path]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(Path(entry.path))
                    elif entry.is_file(follow_symlinks=False):
                        yield entry
        except OSError:
            continue  # it went while we looked, or was never made
