"""All files of a folder, listed once and grouped by folder: where recognisers and readers look things up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from ml_core.data.image_header import claims_to_be_image
from ml_core.data.tree import walk_files

_CHECK_EVERY: Final = 4096
#: Larger label files of one image, lists and descriptions are refused: they are something else.
MAX_TEXT_BYTES: Final = 64 << 20


class FileIndex:
    """Paths below a root, relative and with ``/``.

    Attributes:
        root: The folder.
        paths: All files, sorted.
        images: Folder to the names of its images, sorted; the root is ``""``.
        others: Folder to the names of its other files, sorted.
    """

    def __init__(self, root: Path, check_cancelled: Callable[[], None] | None = None) -> None:
        self.root = root
        self.paths: list[str] = []
        self.images: dict[str, list[str]] = defaultdict(list)
        self.others: dict[str, list[str]] = defaultdict(list)
        for number, path in enumerate(walk_files(root)):
            if check_cancelled is not None and number % _CHECK_EVERY == 0:
                check_cancelled()
            self.paths.append(path)
            folder, _, name = path.rpartition("/")
            if name:
                (self.images if claims_to_be_image(name) else self.others)[folder].append(name)

    def image_count(self) -> int:
        """All images."""
        return sum(map(len, self.images.values()))

    def with_suffix(self, suffix: str) -> dict[str, list[str]]:
        """Folder to its other files with this extension, for folders that have any."""
        found = {
            folder: [name for name in names if name.lower().endswith(suffix)] for folder, names in self.others.items()
        }
        return {folder: names for folder, names in found.items() if names}

    def has_file(self, path: str) -> bool:
        """Whether there is such a file that is no image."""
        folder, _, name = path.rpartition("/")
        return name in self.others.get(folder, ())

    def read_bytes(self, path: str, limit: int = MAX_TEXT_BYTES) -> bytes:
        """A regular file's content; nothing where it is a link, too large or cannot be read."""
        full = self.root / path
        try:
            if full.is_symlink() or not full.is_file() or full.stat().st_size > limit:
                return b""
            return full.read_bytes()
        except OSError:
            return b""

    def is_empty(self, path: str) -> bool:
        """Whether it is a regular file without content."""
        full = self.root / path
        return not full.is_symlink() and full.is_file() and full.stat().st_size == 0

    def read_text(self, path: str, limit: int = MAX_TEXT_BYTES) -> str:
        """As `read_bytes`, as UTF-8 with or without a mark; other bytes become replacement characters."""
        return self.read_bytes(path, limit).decode("utf-8-sig", "replace")


def stem(path: str) -> str:
    """The name of a file without folders and its last extension."""
    return PurePosixPath(path).stem


def join(folder: str, name: str) -> str:
    """A path below a folder that may be the root."""
    return f"{folder}/{name}" if folder else name


def by_stem(names: Iterable[str]) -> dict[str, str]:
    """Stem to name; of names with one stem the first stays."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(stem(name), name)
    return found
