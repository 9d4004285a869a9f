"""Architectures in the search box of the top bar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cvstudio.architectures.selectors import listed_architectures
from cvstudio.common.search import Hit, Source


def find(user: Any, text: str, limit: int) -> Iterator[Hit]:
    """Architectures whose name has the text, latest first (1 query)."""
    for row in listed_architectures(user).filter(name__icontains=text)[:limit]:
        number = row.current_version.number if row.current_version else 0
        yield Hit(row.name, reverse("architectures:editor", args=[row.pk]), f"v{number}")


SOURCE = Source("architectures", _("Architectures"), "graph", find)
