"""The pages of what runs about weights made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from cvstudio.runs.models import Run
from cvstudio.runs.viewers import Viewer, register_viewer
from cvstudio.weights.services.compare_weights import RECIPE as COMPARISON


def _comparison(run: Run, user: Any) -> Iterator[Viewer]:
    yield Viewer(_("Comparison"), "compare", f"/weights/comparisons/{run.id}")


def register() -> None:
    """Lead from a comparison to its page."""
    register_viewer(COMPARISON, _comparison)
