"""Two classifications of a survey side by side."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from cvstudio.common.confusion import confusion_view
from ml_core.stellar.spectra.subclass import CLASSES
from stellar import selectors
from stellar.comparison import Agreement, agreement, disagreements
from stellar.model_presentation import answer_title, ids_of, star_links_only, version_title
from stellar.models import Prediction, Survey, WorkState

ROWS = 40
MOST = 100


@login_required
@require_GET
def compare_page(request: HttpRequest) -> HttpResponse:
    """Choose two; how often they agree, and where they do not."""
    surveys = _surveys(request)
    survey = _one(surveys, request.GET.get("survey", "")) or (surveys[0] if surveys else None)
    predictions = _predictions(request, survey)
    first = _one(predictions, request.GET.get("first", "")) or (predictions[0] if predictions else None)
    rest = [one for one in predictions if one != first]
    second = _one(rest, request.GET.get("second", "")) or (rest[0] if rest else None)
    context: dict[str, Any] = {
        "surveys": surveys, "survey": survey, "predictions": predictions, "first": first, "second": second,
        "sides": [("first", _("First"), first), ("second", _("Second"), second)],
    }  # fmt: skip
    if first and second:
        context |= _found(request, first, second)
    return render(request, "stellar/compare.html", context)


def _found(request: HttpRequest, first: Prediction, second: Prediction) -> dict[str, Any]:
    found = agreement(first, second)
    cell = _cell(request.GET.get("cell", ""))
    chosen = disagreements(first, second, one=cell[0], other=cell[1]) if cell else disagreements(first, second)
    page = Paginator(chosen, ROWS).get_page(request.GET.get("page"))
    return {
        "found": found, "same_share": found.same / found.both if found.both else 0.0, "page": page,
        "right": _right(found, first, second), "right_note": _("as in the catalogue"),
        "confusion": _matrix(request, found), "rows": [_row(one) for one in page.object_list],
        "cell": f"{answer_title(cell[0])} → {answer_title(cell[1])}" if cell else "",
    }  # fmt: skip


def _matrix(request: HttpRequest, found: Agreement) -> dict[str, Any]:
    names = [*CLASSES, _("none")]

    def address(row: int, column: int) -> str:
        query = request.GET.copy()
        query.pop("page", None)
        query["cell"] = f"{row}-{column}"
        return f"?{query.urlencode()}"

    return confusion_view(names, found.matrix, address)


def _right(found: Agreement, first: Prediction, second: Prediction) -> list[dict[str, Any]]:
    if not found.labelled:
        return []
    sides = zip((first, second), found.right, strict=True)
    return [{"title": version_title(one.classifier), "share": count / found.labelled} for one, count in sides]


def _row(one: Any) -> dict[str, Any]:
    return {
        "star": one.star, "one": answer_title(one.predicted), "one_confidence": one.confidence,
        "other": answer_title(one.other), "other_confidence": one.other_confidence, **star_links_only(one.star),
    }  # fmt: skip


def _surveys(request: HttpRequest) -> list[Survey]:
    """Surveys with at least two classifications, else those with one."""
    ready = Count("predictions", filter=Q(predictions__state=WorkState.READY))
    found = selectors.listed_surveys(request.user).annotate(ready=ready).filter(ready__gt=0)
    return list(found.order_by("-ready", "-created_at")[:MOST])


def _predictions(request: HttpRequest, survey: Survey | None) -> list[Any]:
    if survey is None:
        return []
    found = selectors.listed_predictions(request.user).filter(survey=survey, state=WorkState.READY)
    rows: list[Any] = list(found[:MOST])
    for one in rows:
        one.title = version_title(one.classifier) + (f" ({one.modality})" if one.modality not in ("any", "") else "")
    return rows


def _one(rows: list[Any], text: str) -> Any:
    wished: list[UUID] = ids_of([text])
    return next((row for row in rows if row.id in wished), None)


def _cell(text: str) -> tuple[int, int] | None:
    """Row and column of a cell; the column after the classes stands for none of them, which is stored as -1."""
    parts = text.split("-")
    if len(parts) != 2 or not all(part.isdecimal() and int(part) <= len(CLASSES) for part in parts):
        return None
    one, other = (int(part) if int(part) < len(CLASSES) else -1 for part in parts)
    return one, other
