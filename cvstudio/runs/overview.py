"""The runs on the overview: what is at work, what needs the person, what finished."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from cvstudio.common.state_looks import look_of
from cvstudio.runs.listing import STATE_GROUPS
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.presentation import as_row
from cvstudio.runs.selectors import runs_for

SHOWN = 6
FORGET_FAULTS_AFTER = timedelta(days=7)


def runs_panel(request: HttpRequest) -> dict[str, Any] | None:
    """Return the person's own runs in three groups; None when they never had one."""
    mine = runs_for(request.user).filter(owner_id=request.user.pk)
    recent = timezone.now() - FORGET_FAULTS_AFTER
    active = mine.filter(state__in=STATE_GROUPS["active"][1]).order_by("created_at")[:SHOWN]
    attention = mine.filter(state__in=STATE_GROUPS["attention"][1], updated_at__gte=recent).order_by("-updated_at")
    finished = mine.filter(state=RunState.COMPLETED).order_by("-ended_at", "-created_at")[:SHOWN]
    groups = {"active": active, "attention": attention[:SHOWN], "finished": finished}
    panel = {key: [_entry(run) for run in runs] for key, runs in groups.items()}
    return panel if any(panel.values()) or mine.exists() else None


@login_required
def overview_part(request: HttpRequest) -> HttpResponse:
    """Return the fresh panel for the overview."""
    panel = runs_panel(request)
    return render(request, "runs/overview.html", {"panel": panel}) if panel is not None else HttpResponse(status=204)


def _entry(run: Run) -> dict[str, Any]:
    return {**as_row(run, []), "look": look_of(run.state)}
