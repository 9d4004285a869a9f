"""Whom a generator shall draw: the images of one character, and the recogniser that knows it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from ml_core.anime.classifier.delivery import WEIGHT_PATH
from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.anime.collection.reading import Collection
from ml_core.anime.describe.describer import Describer
from ml_core.anime.errors import CollectionError, RecogniserError
from ml_core.anime.recognise.recogniser import Recogniser
from ml_core.anime.recognise.storage import load_recogniser

FEWEST: Final = 2  # different images, without which nothing varies
FEW: Final = 20  # below which a generator can hardly do more than repeat


@dataclass(frozen=True)
class Subject:
    """The real images of one character.

    Attributes:
        character: Its name.
        images: (N, 3, size, size) uint8.
        paths: Of the images.
        groups: (N,) numbers that copies of one image share.
    """

    character: str
    images: Tensor
    paths: list[str]
    groups: Tensor


@dataclass(frozen=True)
class Teachers:
    """What a recogniser gives to a generator.

    Attributes:
        network: Frozen; guides the training.
        label: Position of the character among the network's classes.
        second: The second classifier, by colours and textures; judges.
    """

    network: CharacterNetwork
    label: int
    second: Recogniser


def choose_subject(collection: Collection, wish: str, characters: list[str], size: int) -> Subject:
    """The images of the character that a user asks for.

    Args:
        collection: Where its images lie.
        wish: Its name, or its position in ``characters``.
        characters: Of the recogniser, in its order.
        size: Pixels of a side.

    Raises:
        CollectionError: ``anime.no_such_character``, or ``anime.too_few_images`` with one image or none.
    """
    name = _named(wish, collection, characters)
    place = -1 if name in collection.empty else collection.characters.index(name)
    rows = torch.nonzero(collection.labels == place)[:, 0]
    groups = torch.from_numpy(collection.copies.group_of)[rows]
    different = len(set(groups.tolist()))
    if different < FEWEST:
        raise CollectionError(
            f'"{name}" has {"no usable image" if different == 0 else "only one image, copies not counted"}: there is '
            "nothing that new images could vary.",
            code="anime.too_few_images",
            hint=f"Add images; {FEW} or more give a generator something to learn.",
            where=name,
        )
    shown = functional.interpolate(collection.pixels[rows].float(), size=(size, size), mode="bilinear", antialias=True)
    images = shown.round().clamp(0, 255).to(torch.uint8)
    return Subject(name, images, [collection.pictures[row].path for row in rows.tolist()], groups)


def load_guide(path: Path) -> Recogniser:
    """The recogniser in a weight folder, or in a run that left one.

    Raises:
        RecogniserError: ``anime.no_network`` or ``anime.no_second_classifier`` where it cannot guide or judge.
        WeightFileError: As `load_recogniser`.
    """
    recogniser = load_recogniser(weight_folder(path))
    if recogniser.network is None:
        raise RecogniserError(
            "The recogniser has no network that could guide a generator.",
            code="anime.no_network",
            hint="Choose a recogniser that anime.classifier trained.",
            where="recogniser",
        )
    if not isinstance(recogniser.describer, Describer):
        raise RecogniserError(
            "A student answers by its network alone, which cannot both guide a generator and judge it.",
            code="anime.no_second_classifier",
            hint="Choose the recogniser that taught it.",
            where="recogniser",
        )
    return recogniser


def weight_folder(path: Path) -> Path:
    """The weight folder of a run; anything else is taken for a weight folder."""
    inner = path / WEIGHT_PATH
    return inner if inner.is_dir() else path


def teachers_for(recogniser: Recogniser, character: str) -> Teachers:
    """Guide and judge for a character.

    Raises:
        RecogniserError: ``anime.other_characters`` when the recogniser's network was not trained on it.
    """
    if recogniser.network is None or character not in recogniser.network_classes:
        raise RecogniserError(
            f'The network of the recogniser was not trained on "{character}".',
            code="anime.other_characters",
            hint="Choose a recogniser that was trained on this collection, or train one.",
            where=character,
        )
    network = recogniser.network.eval().requires_grad_(False)
    return Teachers(network, recogniser.network_classes.index(character), recogniser)


def _named(wish: str, collection: Collection, characters: list[str]) -> str:
    """A name goes before a number, for a character may be called by one."""
    everyone = [*collection.characters, *collection.empty]
    if wish in everyone:
        return wish
    if wish in characters:
        raise _missing(f'The collection holds no images of "{wish}".', wish, everyone)
    if wish.isdecimal() and int(wish) < len(characters):
        return _named(characters[int(wish)], collection, characters)
    if wish.isdecimal():
        raise _missing(f"There is no character number {wish}: the recogniser knows {len(characters)}.", wish, everyone)
    raise _missing(f'There is no character "{wish}".', wish, everyone)


def _missing(message: str, wish: str, everyone: list[str]) -> CollectionError:
    close = difflib.get_close_matches(wish, everyone, n=1, cutoff=0.4)
    hint = f'Did you mean "{close[0]}"?' if close else f"There are: {', '.join(everyone[:12])}."
    return CollectionError(message, code="anime.no_such_character", hint=hint, where="target_class")
