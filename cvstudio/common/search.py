"""The search of the top bar. Each app registers how its things are found by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise


@dataclass(frozen=True)
class Hit:
    """One thing found.

    Attributes:
        title: Its name.
        url: Its page.
        note: One short line that tells it from its namesakes.
    """

    title: str
    url: str
    note: str = ""


@dataclass(frozen=True)
class Source:
    """One kind of thing: its plural, its icon and `find(user, text, limit)`."""

    key: str
    title: str | Promise
    icon: str
    find: Callable[[Any, str, int], Iterable[Hit]]


_sources: dict[str, Source] = {}


def register_source(source: Source) -> None:
    """Let a kind of thing be found; the same key replaces."""
    _sources[source.key] = source


def find_everywhere(user: Any, text: str, limit: int = 6) -> list[tuple[Source, list[Hit]]]:
    """Return what each source finds for this person, leaving out sources that find nothing."""
    text = text.strip()
    if len(text) < 2:
        return []
    found = ((source, list(source.find(user, text, limit))[:limit]) for source in _sources.values())
    return [(source, hits) for source, hits in found if hits]
