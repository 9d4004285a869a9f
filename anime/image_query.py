"""Which images of characters a page shows, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from anime.models import CharacterImage
from cvstudio.common.keyset import Sort

IMAGE_SORTS: Final = {
    "position": Sort("position", "number"), "path": Sort("path"), "character": Sort("character__name"),
    "size": Sort("image__size_bytes", "number"),
}  # fmt: skip


@dataclass(frozen=True)
class ImageQuery:
    """Which images of collections to show, and in which order. Empty means all.

    Attributes:
        collection: Of this one.
        character: Of this one.
        source: Where it came from.
        flag: With this finding; ``any`` for at least one.
        text: Part of its path.
        sort: ``position``, ``path``, ``character`` or ``size``, with ``-`` for downwards.
    """

    collection: UUID | None = None
    character: UUID | None = None
    source: str = ""
    flag: str = ""
    text: str = ""
    sort: str = "position"

    def apply(self, rows: QuerySet[CharacterImage]) -> QuerySet[CharacterImage]:
        """Those of the rows that pass."""
        if self.collection is not None:
            rows = rows.filter(collection_id=self.collection)
        if self.character is not None:
            rows = rows.filter(character_id=self.character)
        if self.source:
            rows = rows.filter(source=self.source)
        if self.flag:
            rows = rows.exclude(flags="") if self.flag == "any" else rows.filter(_has_word("flags", self.flag))
        if self.text:
            rows = rows.filter(path__icontains=self.text)
        return rows


def _has_word(field: str, word: str) -> Q:
    """Whether words with blanks between hold this one."""
    first, last, between = f"{word} ", f" {word}", f" {word} "
    return (
        Q(**{field: word})
        | Q(**{f"{field}__startswith": first})
        | Q(**{f"{field}__endswith": last})
        | Q(**{f"{field}__contains": between})
    )
