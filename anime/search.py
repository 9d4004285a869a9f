"""Collections and characters in the search box of the top bar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anime.models import Character, Collection
from cvstudio.common.search import Hit, Source, register_source


def find_collections(user: Any, text: str, limit: int) -> Iterator[Hit]:
    """Collections whose name has the text (1 query)."""
    rows = Collection.objects.visible_to(user).filter(dataset__name__icontains=text).select_related("dataset")
    for row in rows.order_by("-created_at")[:limit]:
        note = _("%(count)s characters") % {"count": f"{row.characters:,}"}
        yield Hit(row.name, reverse("anime:collection", args=[row.id]), note)


def find_characters(user: Any, text: str, limit: int) -> Iterator[Hit]:
    """Characters whose name has the text (1 query)."""
    rows = Character.objects.visible_to(user).filter(name__icontains=text, position__isnull=False)
    for row in rows.select_related("collection__dataset").order_by("name")[:limit]:
        yield Hit(row.name, reverse("anime:character", args=[row.id]), row.collection.name)


def register() -> None:
    """Add both to the search."""
    register_source(Source("anime-collections", gettext_lazy("Collections"), "face", find_collections))
    register_source(Source("anime-characters", gettext_lazy("Characters"), "face", find_characters))
