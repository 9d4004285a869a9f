"""Lists that things of several kinds share: data sets and predictions of the platform and of its domains.

The platform's own list asks here for what domains registered, so that stars, scenes and characters stand beside images,
each with a link to its own viewer. A domain registers its shelves in `AppConfig.ready()`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet
from django.utils.functional import Promise

DATASETS, PREDICTIONS = "datasets", "predictions"
SHOWN = 50


@dataclass(frozen=True)
class Entry:
    """One thing of a shelf.

    Attributes:
        title: Its name.
        url: Its own viewer.
        facts: What tells it from others, in a few words.
        state: As `state_badge` shows it.
        owner: Whose it is.
        made: When.
    """

    title: str
    url: str
    facts: str
    state: str
    owner: str
    made: datetime


@dataclass(frozen=True)
class Shelf:
    """The things of one kind on a list.

    Attributes:
        key: Unique on its list.
        list: `DATASETS` or `PREDICTIONS`.
        title: Of the things, in the plural.
        icon: Name in `static/icons.svg`.
        url: The list of the domain's own.
        rows: Rows that a person may see, with what `entry` needs, whose name has the text.
        entry: How one is shown.
    """

    key: str
    list: str
    title: str | Promise
    icon: str
    url: str
    rows: Callable[[Any, str], QuerySet[Any]]
    entry: Callable[[Any], Entry]


_shelves: dict[tuple[str, str], Shelf] = {}


def register_shelf(shelf: Shelf) -> None:
    """Add a shelf; the same key on the same list replaces."""
    _shelves[shelf.list, shelf.key] = shelf


def shelved(list_name: str, user: Any, text: str = "") -> list[tuple[Shelf, Entry]]:
    """The newest entries of all shelves of a list, newest first; one query a shelf."""
    found = [
        (shelf, shelf.entry(row))
        for (name, _), shelf in _shelves.items()
        if name == list_name
        for row in shelf.rows(user, text).order_by("-created_at")[:SHOWN]
    ]
    return sorted(found, key=lambda pair: pair[1].made, reverse=True)[:SHOWN]


def owned_rows(model: type[Model], name: str = "name", *related: str) -> Callable[[Any, str], QuerySet[Any]]:
    """Rows of an owned model, by the field that holds their name."""

    def rows(user: Any, text: str) -> QuerySet[Any]:
        every: Any = model._default_manager.all()
        found: QuerySet[Any] = every.visible_to(user).select_related("owner", *related)
        return found.filter(**{f"{name}__icontains": text}) if text else found

    return rows
