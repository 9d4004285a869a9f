"""Surveys and stars in the search box of the top bar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cvstudio.common.search import Hit, Source, register_source
from stellar.models import Star, Survey


def find_surveys(user: Any, text: str, limit: int) -> Iterator[Hit]:
    """Surveys whose name has the text (1 query)."""
    for row in Survey.objects.visible_to(user).filter(name__icontains=text).order_by("-created_at")[:limit]:
        note = _("%(count)s stars") % {"count": f"{row.stars:,}"} if row.stars else str(row.get_state_display())
        yield Hit(row.name, reverse("stellar:survey", args=[row.id]), note)


def find_stars(user: Any, text: str, limit: int) -> Iterator[Hit]:
    """Stars whose name begins with the text (1 query, by an index)."""
    rows = Star.objects.visible_to(user).filter(name__gte=text, name__lt=f"{text}\U0010ffff").select_related("survey")
    for row in rows.only("name", "label", "survey__name").order_by("name")[:limit]:
        note = " · ".join(filter(None, (row.survey.name, row.label_name)))
        yield Hit(row.name, reverse("stellar:star", args=[row.id]), note)


def register() -> None:
    """Add both to the search."""
    register_source(Source("stellar-surveys", gettext_lazy("Surveys of stars"), "star", find_surveys))
    register_source(Source("stellar-stars", gettext_lazy("Stars"), "star", find_stars))
