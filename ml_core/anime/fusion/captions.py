"""Texts about characters: read from JSON, and divided into those to learn from and those to judge by. Free of torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ml_core.anime.errors import CollectionError

CAPTIONS: Final = "captions.json"
_MAX_BYTES: Final = 64 * 2**20
_MAX_CHARACTERS: Final = 2_000  # of a text; more says no more
_MOST_TEXTS: Final = 1_000  # of a character


@dataclass(frozen=True)
class CharacterTexts:
    """What is written about one character.

    Attributes:
        texts: Those that say as much as they can.
        partial: Those that fit others as well.
    """

    texts: tuple[str, ...]
    partial: tuple[str, ...] = ()

    def divided(self, draw: int) -> tuple[tuple[str, ...], str]:
        """Texts to learn from, and one to judge by that is not among them where there are two or more."""
        kept = draw % len(self.texts)
        learnt = self.texts[:kept] + self.texts[kept + 1 :]
        return learnt or self.texts, self.texts[kept]


def find_captions(known: Path, given: str = "") -> Path | None:
    """The file that was given, or ``captions.json`` in the folder of a collection or beside it.

    Raises:
        CollectionError: ``anime.captions``, the given file does not exist.
    """
    if given:
        if not Path(given).is_file():
            raise _unreadable(Path(given).name)
        return Path(given)
    return next((path for path in (known / CAPTIONS, known.parent / CAPTIONS) if path.is_file()), None)


def read_captions(path: Path) -> dict[str, CharacterTexts]:
    """Texts by character; characters without any are left out.

    A character has a text, a list of texts, or an object with ``full`` and ``variants`` (which say much) and
    ``partial`` (which fits others as well), each a text or a list.

    Raises:
        CollectionError: ``anime.captions``.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise _unreadable(path.name)
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path.name) from error
    if not isinstance(content, Mapping):
        raise _unreadable(path.name)
    found = {str(name): _texts_of(value) for name, value in content.items()}
    return {name: texts for name, texts in found.items() if texts.texts}


def _texts_of(value: Any) -> CharacterTexts:
    if not isinstance(value, Mapping):
        return CharacterTexts(_listed(value))
    much, partial = (*_listed(value.get("variants")), *_listed(value.get("full"))), _listed(value.get("partial"))
    return CharacterTexts(much, partial) if much else CharacterTexts(partial)


def _listed(value: Any) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    texts = [" ".join(text.split())[:_MAX_CHARACTERS] for text in values if isinstance(text, str)]
    return tuple(dict.fromkeys(text for text in texts if text))[:_MOST_TEXTS]


def _unreadable(name: str) -> CollectionError:
    return CollectionError(
        "The texts about characters cannot be read.",
        code="anime.captions",
        hint='Give a JSON object such as {"name": ["a text", "another"]}.',
        where=name,
    )
