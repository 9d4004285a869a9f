"""The kinds of things that take room. Apps and domains register how theirs are found, kept back and deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.functional import Promise


@dataclass(frozen=True)
class Holding:
    """One thing that takes room.

    Attributes:
        id: Unique within its kind.
        title: Its name.
        paths: Files and folders that go with it.
        url: Its page; empty where it has none.
        owner: Whose it is.
        made: When.
    """

    id: str
    title: str
    paths: tuple[Path, ...]
    url: str = ""
    owner: str = ""
    made: datetime | None = None


@dataclass(frozen=True)
class Blocker:
    """What keeps a thing from being deleted: another thing, with its key where it could go along, or a reason."""

    name: str
    key: str = ""


@dataclass(frozen=True)
class Kind:
    """A kind of things.

    Attributes:
        key: Unique name.
        title: Of the things, in the plural.
        icon: Name in `static/icons.svg`.
        order: Deletions go by it: what stands on others goes first.
        find: Those that a person may delete.
        blockers: Why one cannot go.
        delete: Deletes one. Raises a `CodedError` when it must stay.
        is_spare: Whether nothing that a person made is lost: it is made again when it is needed.
    """

    key: str
    title: str | Promise
    icon: str
    order: int
    find: Callable[[Any], Iterable[Holding]]
    blockers: Callable[[Any, str], list[Blocker]]
    delete: Callable[[Any, str], None]
    is_spare: bool = False


_kinds: dict[str, Kind] = {}


def register_kind(kind: Kind) -> None:
    """Add a kind; the same key replaces."""
    _kinds[kind.key] = kind


def all_kinds() -> list[Kind]:
    """Every kind, in the order of deletion."""
    return sorted(_kinds.values(), key=lambda kind: (kind.order, kind.key))


def none_block(user: Any, id: str) -> list[Blocker]:
    """For kinds that nothing else needs."""
    return []
