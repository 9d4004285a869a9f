"""What belongs to a collection: plain folders, or a data set version with everything that was corrected in it."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ml_core.anime.errors import CollectionError
from ml_core.data.image_header import claims_to_be_image
from ml_core.data.manifest import ITEMS_FILE, REJECTS_FILE, VERSION_FILE, Reject, read_items, read_version
from ml_core.data.tree import walk_files

PLACES_FILE: Final = "collection.json"
_MAX_PLACES_BYTES: Final = 64 * 2**10
_NUMBERED: Final = re.compile(r"v(\d+)")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that may be an image of a character.

    Attributes:
        path: Relative to the folder of the images.
        character: Its name; empty for a file that lies in no character's folder.
        sha256: What its content was when it was imported; empty where it was not.
    """

    path: str
    character: str
    sha256: str = ""


@dataclass(frozen=True)
class Listing:
    """The files of a collection.

    Attributes:
        images: Folder that the paths are relative to.
        entries: Sorted by path.
        characters: All names, also of characters without an entry, in the order of their numbers.
        rejects: Files that an import has refused, or a person has left out, already.
    """

    images: Path
    entries: list[Entry]
    characters: list[str]
    rejects: list[Reject]


def list_collection(known: Path) -> Listing:
    """List what ``known`` means.

    It is a folder with one folder for each character; or the folder of a data set version, whose images lie beside it
    (``v1`` and ``images-1``, ``name`` and ``name-images``); or a folder with ``collection.json``, which names both as
    ``version`` and ``images``.

    Raises:
        CollectionError: ``anime.no_folder``, ``anime.places``, ``anime.no_images``.
        FormatError: The version is damaged, or has boxes instead of classes.
    """
    if not known.is_dir():
        raise CollectionError(
            "There is no such folder.", code="anime.no_folder", hint="Check the path.", where=known.name
        )
    if (known / PLACES_FILE).is_file() and (places := _read_places(known / PLACES_FILE)) is not None:
        return _of_version(*places)
    if (known / VERSION_FILE).is_file() and (known / ITEMS_FILE).is_file():
        return _of_version(known, _images_beside(known))
    entries = [Entry(path, path.split("/", 1)[0] if "/" in path else "") for path in walk_files(known)]
    return Listing(known, entries, sorted({entry.character for entry in entries if entry.character}), [])


def _of_version(version: Path, images: Path) -> Listing:
    if not images.is_dir():
        raise CollectionError(
            "The folder of the images is gone.", code="anime.no_images", hint="Bring it back.", where=images.name
        )
    classes: list[str] = read_version(version)["classes"]
    entries = [Entry(item.path, classes[item.label], item.sha256) for item in read_items(version)]
    return Listing(images, entries, classes, list(_rejects(version / REJECTS_FILE)))


def _read_places(path: Path) -> tuple[Path, Path] | None:
    """Version and images; None for a file of other people that is called the same."""
    try:
        named = json.loads(path.read_text(encoding="utf-8")) if path.stat().st_size <= _MAX_PLACES_BYTES else None
    except (OSError, ValueError):
        return None
    if not isinstance(named, dict) or not {"version", "images"} <= named.keys():
        return None
    version, images = path.parent / str(named["version"]), path.parent / str(named["images"])
    if not (version / VERSION_FILE).is_file():
        raise CollectionError(
            "The version that this collection names is gone.", code="anime.places", hint="Import it again.",
            where=PLACES_FILE,
        )  # fmt: skip
    return version, images


def _images_beside(version: Path) -> Path:
    numbered = _NUMBERED.fullmatch(version.name)
    own = version.with_name(f"{version.name}-images")
    return version.with_name(f"images-{numbered.group(1)}") if numbered and not own.is_dir() else own


def _rejects(path: Path) -> Iterator[Reject]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            name = row.get("path") or ""
            yield Reject(name, row.get("reason") or "", row.get("cure") or "", claims_to_be_image(name))
