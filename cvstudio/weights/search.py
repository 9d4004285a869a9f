"""How weights are found from the top bar."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from cvstudio.common.search import Hit, Source, register_source
from cvstudio.weights.models import Weight


def find(user: Any, text: str, limit: int) -> Iterable[Hit]:
    """Weights whose name contains the text; the link leads to the newest version."""
    weights = Weight.objects.visible_to(user).filter(name__icontains=text).prefetch_related("versions")[:limit]
    for weight in weights:
        newest = next(iter(weight.versions.all()), None)
        if newest is not None:
            yield Hit(weight.name, f"/weights/{newest.id}", f"v{newest.number}")


def register() -> None:
    """Add weights to the search."""
    register_source(Source("weights", _("Weights"), "weight", find))
