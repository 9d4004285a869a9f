"""The page of one run: its head, its tabs, its buttons and its files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from cvstudio.accounts.current import current_user
from cvstudio.runs.failed_node import failed_node_of
from cvstudio.runs.flight_record import flight_record_of
from cvstudio.runs.lineage import lineage_of
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.presentation import (
    actions_of,
    config_groups,
    last_line,
    recipe_title,
    resource_samples,
    result_view,
    tabs_of,
)
from cvstudio.runs.search_pages import trials_of
from cvstudio.runs.selectors import explain_waiting, run_details
from cvstudio.runs.services.control_run import control_run
from cvstudio.runs.services.delete_run import delete_run
from cvstudio.runs.services.rename_run import rename_run
from cvstudio.runs.services.repeat_run import RECIPE as REPETITION
from cvstudio.runs.services.repeat_run import repeat_run
from cvstudio.runs.services.start_search import can_be_searched
from cvstudio.runs.states import ACTIVE, ENDED
from cvstudio.runs.viewers import viewers_of
from ml_core.errors import CodedError

MAX_NOTES = 10_000


@login_required
def detail_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Open the tab that answers the likeliest question: the result of an ended run, the curves of another."""
    run = _run(request, run_id)
    return tab_page(request, run_id, "result" if run.state == RunState.COMPLETED and run.queue == "train" else "curves")


@login_required
def tab_page(request: HttpRequest, run_id: UUID, tab: str) -> HttpResponse:
    """Show a tab: the whole page, or only the tab when htmx swaps it in."""
    run = _run(request, run_id)
    tabs = tabs_of(run)
    if tab not in [entry["key"] for entry in tabs]:
        raise Http404
    flight = flight_record_of(run) if run.state == RunState.FAILED else None
    content = _CONTENT.get(tab, _nothing)(request, run)
    context = {**_head(run, request), "flight": flight, "tabs": tabs, "here": tab, **content}
    part = request.headers.get("HX-Target") == "run-tab"
    return render(request, f"runs/tabs/{tab}.html" if part else "runs/detail.html", context)


@login_required
def head_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Return the fresh head: state, cause, progress, buttons."""
    return render(request, "runs/head.html", _head(_run(request, run_id), request))


@login_required
def resources_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Return what the run used over time, thinned to what a plot can show."""
    return JsonResponse({"samples": resource_samples(_run(request, run_id))})


@login_required
@require_POST
def control_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Pause, resume, stop or save now; the answer is the fresh head, with the refusal in it when there is one."""
    run, fault = _run(request, run_id), None
    try:
        control_run(run, request.POST.get("action", ""))
    except CodedError as error:
        fault = error.as_dict()
    if request.headers.get("HX-Request"):
        return render(request, "runs/head.html", {**_head(_run(request, run_id), request), "fault": fault})
    if fault:
        messages.error(request, f"{fault['message']} {fault['hint']}")
    return redirect("runs:detail", run_id)


@login_required
@require_POST
def notes_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Keep the name and the notes that a person gives a run."""
    run = _run(request, run_id)
    name = " ".join(request.POST.get("name", "").split())[:200] or run.name
    rename_run(run, name=name, notes=request.POST.get("notes", "")[:MAX_NOTES])
    return redirect("runs:detail", run_id)


@login_required
@require_POST
def repeat_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Run it once more and compare; the answer is the page of the repetition."""
    try:
        return redirect("runs:detail", repeat_run(_run(request, run_id), current_user(request)).id)
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}")
        return redirect("runs:detail", run_id)


@login_required
@require_POST
def delete_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Delete a run with its files, or say why it must stay."""
    run = _run(request, run_id)
    try:
        delete_run(run)
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}")
        return redirect("runs:detail", run_id)
    messages.success(request, gettext("The run “%(name)s” is deleted.") % {"name": run.name})
    return redirect("runs:list")


def _run(request: HttpRequest, run_id: UUID) -> Run:
    return get_object_or_404(run_details(request.user), id=run_id)


def _head(run: Run, request: HttpRequest) -> dict[str, Any]:
    return {
        "run": run,
        "viewers": viewers_of(run, request.user),
        "recipe_title": recipe_title(run.recipe),
        "actions": actions_of(run),
        "live": run.state in ACTIVE or run.state == RunState.QUEUED,
        "ended": run.state in ENDED,
        "waiting": explain_waiting(run),
        "last_line": last_line(run) if run.state in (RunState.FAILED, RunState.LOST) else None,
        "failed_node": failed_node_of(run) if run.state == RunState.FAILED else None,
        "api": f"/api/v1/training/{run.id}",
        "can_repeat": run.state == RunState.COMPLETED and run.queue == "train" and run.recipe != REPETITION,
        "can_search": can_be_searched(run),
        "disk_bytes": _bytes_of(run),
    }


def _bytes_of(run: Run) -> int:
    """Return the bytes that come back when the run is deleted."""
    kept = run.checkpoints.filter(deleted_at=None).aggregate(total=Sum("size_bytes"))["total"] or 0
    return int(kept + (run.artifacts.aggregate(total=Sum("size_bytes"))["total"] or 0))


def _nothing(request: HttpRequest, run: Run) -> dict[str, Any]:
    return {}


_CONTENT: dict[str, Callable[[HttpRequest, Run], dict[str, Any]]] = {
    "result": lambda request, run: result_view(run),
    "trials": lambda request, run: trials_of(run),
    "config": lambda request, run: {"groups": config_groups(run)},
    "checkpoints": lambda request, run: {"checkpoints": run.checkpoints.order_by("-step")},
    "artifacts": lambda request, run: {"artifacts": run.artifacts.order_by("name")},
    "lineage": lambda request, run: lineage_of(run, request.user),
}
