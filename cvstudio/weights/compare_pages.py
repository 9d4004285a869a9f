"""Pages: two weights on one data set, and the images on which they disagree."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from cvstudio.accounts.current import current_user
from cvstudio.datasets.models import DatasetVersion
from cvstudio.runs.models import Run
from cvstudio.runs.states import ENDED
from cvstudio.weights.comparison_words import comparison_verdict
from cvstudio.weights.selectors import versions_for
from cvstudio.weights.services.compare_weights import (
    RECIPE,
    SPLITS,
    compare_weights,
    compared_versions,
    comparison_of,
)
from ml_core.errors import CodedError
from ml_core.vision.compare.config import TASKS

ROWS_A_PAGE = 24
MOST_CHOICES = 200
SIDES = ("first", "second")


@login_required
@require_http_methods(["GET", "POST"])
def compare_page(request: HttpRequest) -> HttpResponse:
    """Choose two weights and a data set; the answer is the page of the comparison."""
    weights = versions_for(request.user).filter(weight__task__in=TASKS)
    data = DatasetVersion.objects.visible_to(request.user).filter(state=DatasetVersion.State.READY)
    if request.method == "POST":
        first, second = (_chosen(weights, request.POST.get(side, "")) for side in SIDES)
        chosen = _chosen(data.select_related("dataset"), request.POST.get("dataset_version", ""))
        try:
            run = compare_weights(first, second, chosen, current_user(request), split=request.POST.get("split", ""))
            return redirect("weights:comparison", run.id)
        except CodedError as error:
            messages.error(request, f"{error.message} {error.hint}")
    context = {
        "weights": weights[:MOST_CHOICES],
        "datasets": data.select_related("dataset")
        .defer("statistics", "evidence")
        .order_by("-created_at")[:MOST_CHOICES],
        "splits": SPLITS,
        "asked": request.POST or request.GET,
        "comparisons": Run.objects.visible_to(request.user).filter(recipe=RECIPE).order_by("-created_at")[:20],
    }
    return render(request, "weights/compare.html", context)


@login_required
@require_GET
def comparison_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Who is right where; the images on which they disagree come first."""
    runs = Run.objects.visible_to(request.user).select_related("dataset_version__dataset")
    run = get_object_or_404(runs, id=run_id, recipe=RECIPE)
    table, only = comparison_of(run), request.GET.get("only", "")
    context: dict[str, Any] = {"run": run, "is_working": run.state not in ENDED, "versions": compared_versions(run)}
    if request.headers.get("X-Poll"):
        return render(request, "weights/_comparing.html", context)
    if table is not None:
        rows = [row for row in table["rows"] if only not in SIDES or _is_better(row, only)]
        page = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
        context |= {"table": table, "page": page, "only": only, "rows": _with_pictures(run, table, list(page))}
        context["verdict"] = comparison_verdict(table)
        context["scores"] = [(name, *pair) for name, pair in table["scores"].items()]
    return render(request, "weights/comparison.html", context)


def _chosen(rows: Any, text: str) -> Any:
    try:
        return get_object_or_404(rows, id=UUID(text))
    except ValueError as error:
        raise Http404 from error


def _is_better(row: dict[str, Any], side: str) -> bool:
    """Whether this weight is right and the other wrong; for boxes, whether it finds more objects."""
    other = SIDES[1 - SIDES.index(side)]
    return bool(row[side]["right"] > row[other]["right"])


def _with_pictures(run: Run, table: dict[str, Any], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with the ids of their images, as far as the data set still has them, and boxes by the names of classes."""
    data = run.dataset_version
    paths = [row["path"] for row in rows]
    ids = dict(data.images.filter(path__in=paths).values_list("path", "id")) if data is not None else {}
    sides = [[{"name": side, **row[side]} for side in SIDES] for row in rows]
    for side in (side for pair in sides for side in pair):
        for box in side.get("boxes", ()):
            left, top, right, bottom = box["box"]
            box |= {"x": left, "y": top, "w": right - left, "h": bottom - top, "title": table["classes"][box["class"]]}
    return [{**row, "image": ids.get(row["path"]), "sides": pair} for row, pair in zip(rows, sides, strict=True)]
