"""Lays a corrected version out as folders of characters, together with images that are added."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ml_core.anime.collection.listing import list_collection
from ml_core.anime.collection.sources import MANIFEST, read_sources
from ml_core.anime.errors import CollectionError
from ml_core.run.files import sync_folder

Additions = list[tuple[Path, str]]
"""Files and the characters that they show."""
Progress = Callable[[int, int], None]
MAX_ADDITIONS: Final = 100_000
_SEPARATORS: Final = {"/": "／", "\\": "＼"}


def folder_name(character: str) -> str:
    """A name that can be a folder: separators become their wide twins, leading dots go.

    Raises:
        CollectionError: ``anime.name``, nothing is left or it is too long for a folder.
    """
    printable = "".join(_SEPARATORS.get(sign, sign) for sign in character if sign.isprintable())
    name = " ".join(printable.split()).lstrip(".")
    if not name or len(name.encode()) > 200:
        raise CollectionError(
            "This cannot be the name of a character.", code="anime.name", where="name",
            hint="Give a name of at least one sign and at most 200 bytes.",
        )  # fmt: skip
    return name


def lay_out(known: Path, additions: Additions, folder: Path, *, share: bool, progress: Progress) -> None:
    """Fill ``folder`` with one folder for each character. A folder that is there already is whole and stays.

    Args:
        known: The version (see `list_collection`), with everything corrected that is to be corrected.
        additions: Further images.
        folder: The new folder.
        share: Whether files of ``known`` may be shared by hard links; else they are copied.
        progress: Called with images done and all.

    Raises:
        CollectionError: ``anime.addition``, a file that is to be added is gone.
    """
    if folder.is_dir():
        return
    listing = list_collection(known)
    paths = [entry.path for entry in listing.entries]
    sources = dict(zip(paths, read_sources(listing.images, "", paths), strict=True))
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    taken: set[str] = set()
    rows = []
    work = [(listing.images / entry.path, entry.character, sources[entry.path]) for entry in listing.entries]
    work += [(path, character, "") for path, character in additions]
    for number, (path, character, source) in enumerate(work, start=1):
        name = _free(f"{folder_name(character)}/{path.name}", taken)
        _bring(path, partial / name, share=share and number <= len(paths))
        rows.append({"path": name, "source": source})
        progress(number, len(work))
    (partial / MANIFEST).write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    partial.rename(folder)
    sync_folder(folder.parent)


def read_additions(path: Path) -> Additions:
    """From a JSON list of ``{"file": path, "character": name}``.

    Raises:
        CollectionError: ``anime.additions``.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [(Path(row["file"]), str(row["character"])) for row in rows[:MAX_ADDITIONS]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CollectionError(
            "The list of images to add cannot be read.", code="anime.additions", where=path.name,
            hint='Write a JSON list of objects with "file" and "character".',
        ) from error  # fmt: skip


def _free(name: str, taken: set[str]) -> str:
    """The name, or one with a number where another file has it."""
    stem, dot, ending = name.rpartition(".") if "." in name.rpartition("/")[2] else (name, "", "")
    free, number = name, 2
    while free.casefold() in taken:
        free, number = f"{stem}-{number}{dot}{ending}", number + 1
    taken.add(free.casefold())
    return free


def _bring(source: Path, target: Path, *, share: bool) -> None:
    target.parent.mkdir(exist_ok=True)
    try:
        if share:
            try:
                os.link(source, target)
                return
            except OSError:  # another file system, or one without links
                pass
        shutil.copyfile(source, target)
    except FileNotFoundError as error:
        raise CollectionError(
            "An image of the collection is gone.", code="anime.addition", where=source.name,
            hint="Bring it back, or leave it out.",
        ) from error  # fmt: skip
