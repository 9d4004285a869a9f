"""Reads a collection: the images of its characters as squares of equal size, and what cannot be used."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from ml_core.anime.collection.copies import Copies, find_copies
from ml_core.anime.collection.listing import Entry, list_collection
from ml_core.anime.collection.square import SIDE, Fit, square_picture
from ml_core.anime.errors import CollectionError
from ml_core.data.image_header import claims_to_be_image, inspect_image
from ml_core.data.manifest import Reject
from ml_core.errors import CodedError

EXTREME_ASPECT: Final = 2.0  # a side so many times the other: a choice of cutting or filling up matters
_NO_IMAGE: Final = "It is not an image file."

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Picture:
    """One usable picture of a collection.

    Attributes:
        path: Relative to the collection's folder.
        label: Position of its character.
        width: Pixels across, upright.
        height: Pixels down.
        format: What the content is, whatever the name says.
        sha256: Of the file.
        extension_lies: The name promises another format.
        has_transparency: It was laid over white.
    """

    path: str
    label: int
    width: int
    height: int
    format: str
    sha256: str
    extension_lies: bool
    has_transparency: bool

    @property
    def is_extreme(self) -> bool:
        """Whether one side is much longer than the other."""
        return max(self.width, self.height) > EXTREME_ASPECT * min(self.width, self.height)


@dataclass
class Collection:
    """What was found in a folder.

    Attributes:
        root: The folder that paths are relative to.
        characters: Names in the order of their numbers; those without a usable picture are left out.
        pictures: Usable pictures, sorted by path.
        pixels: (N, 3, side, side) uint8 of them.
        rejects: Files that cannot be used, each with reason and cure.
        empty: Names of characters without a usable picture.
        copies: Which pictures are the same.
    """

    root: Path
    characters: list[str]
    pictures: list[Picture]
    pixels: Tensor
    rejects: list[Reject]
    empty: list[str]
    copies: Copies
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def labels(self) -> Tensor:
        """(N,) int64."""
        return torch.tensor([picture.label for picture in self.pictures], dtype=torch.int64)

    @property
    def fingerprint(self) -> str:
        """A hash of characters and of each picture's path, character and content."""
        lines = [json.dumps([1, self.characters])]
        lines += [json.dumps([picture.path, picture.label, picture.sha256]) for picture in self.pictures]
        return f"sha256:{hashlib.sha256(chr(10).join(lines).encode()).hexdigest()}"


def read_collection(known: Path, fit: Fit = "crop", progress: Progress | None = None, side: int = SIDE) -> Collection:
    """Read every image of a collection; what cannot be used becomes a reject, and nothing is changed on the disk.

    Args:
        known: A folder of characters' folders, or a data set version (see `list_collection`). Images in deeper folders
            belong to the character whose folder lies above; in a version, to the character that it says.
        fit: How an image becomes a square.
        progress: Called with files done and all.
        side: Pixels of a side that are kept.

    Raises:
        CollectionError: ``anime.no_characters``; and as `list_collection`.
    """
    listing = list_collection(known)
    found: list[tuple[str, Picture, Tensor]] = []
    rejects = list(listing.rejects)
    for number, entry in enumerate(listing.entries, start=1):
        outcome = _read(listing.images, entry, fit, side)
        if isinstance(outcome, Reject):
            rejects.append(outcome)
        else:
            found.append((entry.character, *outcome))
        if progress is not None:
            progress(number, len(listing.entries))
    usable = {name for name, _, _ in found}
    characters = [name for name in listing.characters if name in usable]
    if not characters:
        raise CollectionError(
            "The folder holds no character with a usable image.",
            code="anime.no_characters",
            hint="Make one folder for each character, called by its name, and put the images into it.",
            where=known.name,
        )
    place = {name: position for position, name in enumerate(characters)}
    pictures = [_labelled(picture, place[name]) for name, picture, _ in found]
    pixels = torch.stack([tensor for _, _, tensor in found])
    copies = find_copies(pixels, [picture.sha256 for picture in pictures])
    empty = [name for name in listing.characters if name not in usable]
    return Collection(listing.images, characters, pictures, pixels, rejects, empty, copies)


def _read(images: Path, entry: Entry, fit: Fit, side: int) -> tuple[Picture, Tensor] | Reject:
    path = entry.path
    if not claims_to_be_image(path):
        return Reject(path, _NO_IMAGE, "Nothing, unless it should be one: then give it the right extension.", False)
    if not entry.character:
        return Reject(path, "It lies in no character's folder.", "Move it into the folder of its character.")
    try:
        facts = inspect_image(images / path)
        pixels = square_picture(images / path, fit, side)
    except CodedError as error:
        return Reject(path, error.message, error.hint)
    if entry.sha256 not in ("", facts.sha256):
        return Reject(path, "The file has changed since it was imported.", "Make a new version of the data set.")
    clear = facts.mode in ("RGBA", "LA", "PA", "P")
    picture = Picture(path, -1, facts.width, facts.height, facts.format, facts.sha256, facts.extension_differs, clear)
    return picture, pixels


def _labelled(picture: Picture, label: int) -> Picture:
    values: dict[str, Any] = {name: getattr(picture, name) for name in Picture.__slots__}
    return Picture(**(values | {"label": label}))
