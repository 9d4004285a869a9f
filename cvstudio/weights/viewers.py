"""What runs about weights made: their pages, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from cvstudio.runs.models import Run
from cvstudio.runs.verdicts import register_verdict
from cvstudio.runs.viewers import Viewer, register_viewer
from cvstudio.weights.comparison_words import verdict_of_result
from cvstudio.weights.export_words import export_verdict
from cvstudio.weights.services.compare_weights import RECIPE as COMPARISON
from cvstudio.weights.services.export_weight import RECIPE as EXPORT


def _comparison(run: Run, user: Any) -> Iterator[Viewer]:
    yield Viewer(_("Comparison"), "compare", f"/weights/comparisons/{run.id}")


def register() -> None:
    """Lead from a comparison to its page, and say what came of runs in the language of the reader."""
    register_viewer(COMPARISON, _comparison)
    register_verdict(COMPARISON, verdict_of_result)
    register_verdict(EXPORT, export_verdict)
