"""The page "New training": choose, set, check, start."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from cvstudio.runs.models import Run
from cvstudio.runs.selectors import run_details
from cvstudio.training.draft import Draft, choices_for, clone_draft, empty_draft, posted_draft
from cvstudio.training.plan import RECIPES
from cvstudio.training.services.create_training import create_training
from cvstudio.training.services.preflight import preflight
from ml_core.errors import CodedError, ConfigError

UNPROCESSABLE = 422


@login_required
@require_http_methods(["GET", "POST"])
def new_page(request: HttpRequest) -> HttpResponse:
    """Show the form, filled from the address or an earlier run; start the training when it is posted."""
    if request.method == "POST":
        return _start(request)
    parent = _parent(request, request.GET.get("clone", ""))
    draft = (
        clone_draft(parent, request.GET.get("settings", ""))
        if parent
        else empty_draft(request.user, request.GET.dict())
    )
    return _page(request, draft)


@login_required
@require_POST
def check_page(request: HttpRequest) -> HttpResponse:
    """Return what the checks find about the form as it stands."""
    draft = posted_draft(request.user, request.POST, _parent(request, request.POST.get("parent", "")))
    context: dict[str, Any] = {"draft": draft}
    if draft.complete:
        try:
            context["report"] = preflight(draft.plan(request.user), measure="measure" in request.POST)
        except CodedError as error:
            context["fault"] = error.as_dict()
    return render(request, "training/checks.html", context)


def _start(request: HttpRequest) -> HttpResponse:
    draft = posted_draft(request.user, request.POST, _parent(request, request.POST.get("parent", "")))
    try:
        run = create_training(
            draft.plan(request.user),
            name=draft.name,
            notes=draft.notes,
            acknowledge=draft.acknowledged,
            parent=draft.parent,
        )
    except ConfigError:
        return _page(request, draft, mark_faults=True)
    except CodedError as error:
        return _page(request, draft, fault=error.as_dict())
    return redirect("runs:detail", run.id)


def _page(
    request: HttpRequest, draft: Draft, *, mark_faults: bool = False, fault: dict[str, Any] | None = None
) -> HttpResponse:
    context = {
        "draft": draft,
        "form": draft.form(mark_faults),
        "chosen_preset": draft.preset,
        "fault": fault,
        **choices_for(request.user, draft),
    }
    chosen = {key: value for key, value in draft.choices.items() if value}
    context["api_body"] = {**chosen, "name": draft.name, "config": draft.settings}
    return render(request, "training/new.html", context, status=UNPROCESSABLE if mark_faults or fault else 200)


def _parent(request: HttpRequest, text: str) -> Run | None:
    """Return the run to clone, when it is one of a training that the person may see."""
    try:
        run_id = UUID(text)
    except ValueError:
        return None
    found: Run | None = run_details(request.user).filter(id=run_id, recipe__in=RECIPES).first()
    return found
