"""Data sets in the search box of the top bar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cvstudio.common.search import Hit, Source
from cvstudio.datasets.selectors import found_datasets


def find(user: Any, text: str, limit: int) -> Iterator[Hit]:
    """Data sets whose name or description has the text (1 query)."""
    for row in found_datasets(user, text, limit):
        images = row.current_version.counts.get("images", 0) if row.current_version else 0
        note = ngettext("%(n)s image", "%(n)s images", images) % {"n": f"{images:,}"}
        yield Hit(row.name, reverse("datasets:detail", args=[row.pk]), note)


SOURCE = Source("datasets", _("Data sets"), "dataset", find)
