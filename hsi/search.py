"""Scenes and maps in the search box of the top bar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cvstudio.common.search import Hit, Source, register_source
from hsi.models import AnomalyMap, Scene


def find_scenes(user: Any, text: str, limit: int) -> Iterator[Hit]:
    """Scenes whose name has the text (1 query)."""
    for row in Scene.objects.visible_to(user).filter(name__icontains=text).order_by("-created_at")[:limit]:
        shape = " × ".join(map(str, row.shape)) if row.shape else str(row.get_state_display())
        yield Hit(row.name, reverse("hsi:detail", args=[row.id]), shape)


def find_maps(user: Any, text: str, limit: int) -> Iterator[Hit]:
    """Maps whose name or scene has the text (1 query)."""
    rows = AnomalyMap.objects.visible_to(user).select_related("scene").filter(name__icontains=text)
    for row in rows.order_by("-created_at")[:limit]:
        yield Hit(row.name, reverse("hsi:detection", args=[row.id]), row.scene.name)


def register() -> None:
    """Add both to the search."""
    register_source(Source("hsi-scenes", _("Hyperspectral scenes"), "cube", find_scenes))
    register_source(Source("hsi-maps", _("Anomaly maps"), "image", find_maps))
