"""The section of runs in the top bar, its left column, and how runs are found by name."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from cvstudio.common.navigation import Link, Section, register_section
from cvstudio.common.overview import Panel, register_panel
from cvstudio.common.search import Hit, Source, register_source
from cvstudio.common.state_looks import look_of
from cvstudio.runs.models import Run
from cvstudio.runs.overview import runs_panel

LINKS = (
    Link(_("All runs"), "/runs/", "list"),
    Link(_("In flight"), "/runs/?state=active", "run"),
    Link(_("Needs you"), "/runs/?state=attention", "bell"),
    Link(_("Completed"), "/runs/?state=completed", "check-circle"),
    Link(_("Failed"), "/runs/?state=failed", "error"),
    Link(_("New training"), "/runs/new", "plus"),
)


def enter() -> None:
    """Register the section, the panel of the overview and the source of the search."""
    summary = _("Train while watching; pause, resume, compare.")
    register_section(Section("runs", _("Runs"), "/runs/", "run", order=30, links=LINKS, summary=summary))
    register_panel(Panel("runs", "runs/overview.html", runs_panel, order=10))
    register_source(Source("runs", _("Runs"), "run", _find))


def _find(user: Any, text: str, limit: int) -> list[Hit]:
    found = Run.objects.visible_to(user).filter(name__icontains=text).order_by("-created_at")
    rows = found.values_list("id", "name", "state")[:limit]
    return [Hit(name, f"/runs/{run_id}", str(look_of(state).label)) for run_id, name, state in rows]
