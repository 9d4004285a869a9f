"""Write texts and notes about a character."""

from __future__ import annotations

from typing import Final

from anime.errors import AnimeError
from anime.models import Character

MOST_TEXTS: Final = 50
LONGEST_TEXT: Final = 2_000


def describe_character(
    character: Character,
    *,
    captions: list[str] | None = None,
    partial: list[str] | None = None,
    notes: str | None = None,
) -> Character:
    """Change what is given; the next training with words learns from it.

    Args:
        character: Whom.
        captions: Texts that tell who it is.
        partial: Texts that fit others as well.
        notes: For people.

    Raises:
        AnimeError: There are too many texts, or one is too long.
    """
    if captions is not None:
        character.captions = _clean(captions, "captions")
    if partial is not None:
        character.partial = _clean(partial, "partial")
    if notes is not None:
        character.notes = notes.strip()
    character.save(update_fields=["captions", "partial", "notes"])
    return character


def _clean(texts: list[str], where: str) -> list[str]:
    cleaned = list(dict.fromkeys(text for text in (" ".join(text.split()) for text in texts) if text))
    if len(cleaned) > MOST_TEXTS or any(len(text) > LONGEST_TEXT for text in cleaned):
        raise AnimeError(f"At most {MOST_TEXTS} texts of {LONGEST_TEXT:,} signs are kept.", code="anime.captions",
                         where=where, hint="Shorten them.")  # fmt: skip
    return cleaned
