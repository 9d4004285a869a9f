"""Surveys and stars in the search box of the top bar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from cvstudio.common.search import Hit, Source, register_source
from stellar.models import Star, Survey


def find_surveys(user: Any, text: str, limit: int) -> Iterator[Hit]:
    """Surveys whose name has the text (1 query)."""
    for row in Survey.objects.visible_to(user).filter(name__icontains=text).order_by("-created_at")[:limit]:
        yield Hit(row.name, f"/stellar/surveys/{row.id}", str(row.get_state_display()))


def find_stars(user: Any, text: str, limit: int) -> Iterator[Hit]:
    """Stars whose name begins with the text (1 query, by an index)."""
    rows = Star.objects.visible_to(user).filter(name__gte=text, name__lt=f"{text}\U0010ffff").select_related("survey")
    for row in rows.only("name", "label", "survey__name").order_by("name")[:limit]:
        yield Hit(row.name, f"/stellar/stars/{row.id}", " · ".join(filter(None, (row.survey.name, row.label_name))))


def register() -> None:
    """Add both to the search."""
    register_source(Source("stellar-surveys", _("Surveys of stars"), "image", find_surveys))
    register_source(Source("stellar-stars", _("Stars"), "image", find_stars))
