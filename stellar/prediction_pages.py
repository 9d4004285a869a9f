"""A survey that a classifier answered for: start it, follow it, look at what it found, the doubtful stars first."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cvstudio.accounts.current import current_user
from cvstudio.runs.services.control_run import control_run
from ml_core.errors import CodedError
from stellar import selectors
from stellar.errors import NotFoundError, StellarError
from stellar.model_presentation import (
    classified_rows,
    ids_of,
    is_working,
    prediction_row,
    table_address,
    version_title,
)
from stellar.models import Prediction, Survey, WorkState
from stellar.prediction_view import KINDS, counts_view, doubtful, kind_counts
from stellar.presentation import survey_tabs
from stellar.services.choose_stars import chosen_names
from stellar.services.delete_prediction import delete_prediction
from stellar.services.show_prediction import show_prediction
from stellar.services.start_prediction import start_prediction
from stellar.star_query import StarQuery

PAGE_SIZE = 24
ROWS = 40
MOST_CLASSIFIERS = 200


@login_required
@require_GET
def list_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """All classifications of a survey."""
    return render(request, "stellar/predictions.html", _list_context(request, found_survey(request, id)))


@login_required
@require_POST
def start_page(request: HttpRequest) -> HttpResponse:
    """Let a classifier answer for a survey."""
    post = request.POST
    survey = next((found_survey(request, one) for one in ids_of([post.get("survey", "")])), None)
    if survey is None:
        raise Http404
    try:
        version = next((_classifier(request, one) for one in ids_of([post.get("classifier", "")])), None)
        if version is None:
            raise StellarError("Choose a classifier.", hint="Train one first, if there is none.", where="classifier")
        names = chosen_names(survey, filters=QueryDict(post.get("filter", "")).dict())
        made = start_prediction(
            current_user(request), survey, version, modality=post.get("modality", "any"), names=names
        )
    except CodedError as error:
        return render(request, "stellar/predictions.html", _list_context(request, survey, error.as_dict()), status=422)
    return redirect("stellar:prediction", made.id)


@login_required
@require_GET
def prediction_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """Classes, catalogue against answers, and the stars to look at first; or how far it is."""
    prediction = found_prediction(request, id)
    context = _state_of(prediction) | {
        "api_path": f"/api/v1/stellar/predictions/{prediction.id}",
        "classifier_title": version_title(prediction.classifier),
        "is_shown": prediction.survey.shown_id == prediction.id,
        "table_url": table_address(prediction.survey_id),
    }
    if context["is_ready"]:
        counts = counts_view(prediction)
        context |= counts | _doubtful_context(request, prediction, kind_counts(prediction, counts))
        others = selectors.listed_predictions(request.user).filter(survey=prediction.survey, state=WorkState.READY)
        context["others"] = others.exclude(id=prediction.id).exists()
    return render(request, "stellar/prediction.html", context)


@login_required
@require_GET
def progress_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """A part of the page that keeps itself fresh while the run goes on."""
    return render(request, "stellar/_prediction_progress.html", _state_of(found_prediction(request, id)))


@login_required
@require_POST
def action_page(request: HttpRequest, id: UUID, action: str) -> HttpResponse:
    """Buttons: show in the star table, stop or resume the run, delete."""
    prediction = found_prediction(request, id)
    try:
        if action == "delete":
            survey = prediction.survey_id
            delete_prediction(prediction)
            messages.success(request, _("The predictions are deleted."))
            return redirect("stellar:predictions", survey)
        if action == "show":
            show_prediction(prediction.survey, prediction)
            messages.success(request, _("The star table shows these answers now."))
        elif action in ("stop", "resume") and prediction.run is not None:
            control_run(prediction.run, action)
        else:
            raise Http404
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    return redirect("stellar:prediction", id)


def found_survey(request: HttpRequest, id: UUID) -> Survey:
    """The survey, or 404."""
    try:
        return selectors.visible_survey(request.user, id)
    except NotFoundError as error:
        raise Http404 from error


def found_prediction(request: HttpRequest, id: UUID) -> Prediction:
    """The classification of a survey, or 404."""
    try:
        return selectors.visible_prediction(request.user, id)
    except NotFoundError as error:
        raise Http404 from error


def _classifier(request: HttpRequest, id: UUID) -> Any:
    try:
        return selectors.visible_classifier(request.user, id)
    except NotFoundError as error:
        raise StellarError("This classifier is not there.", hint="Choose another one.", where="classifier") from error


def _state_of(prediction: Prediction) -> dict[str, Any]:
    return {
        "prediction": prediction, "is_working": is_working(prediction.run),
        "is_ready": prediction.state == WorkState.READY, "is_failed": prediction.state == WorkState.FAILED,
    }  # fmt: skip


def _list_context(request: HttpRequest, survey: Survey, fault: dict[str, Any] | None = None) -> dict[str, Any]:
    found = selectors.listed_predictions(request.user).filter(survey=survey)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    classifiers = list(selectors.listed_classifiers(request.user)[:MOST_CLASSIFIERS])
    body = {"survey": str(survey.id), "classifier": str(classifiers[0].id) if classifiers else "", "modality": "any"}
    query = _query(survey, request.GET)
    return {
        "survey": survey, "tabs": survey_tabs(survey), "page": page,
        "chosen_filter": _filter_text(query) if query.is_filtered else "",
        "chosen": selectors.matching_stars(request.user, query).count() if query.is_filtered else 0,
        "predictions": [prediction_row(one) for one in page], "classifiers": classifiers, "api_body": body,
        "fault": fault,
    }  # fmt: skip


def _query(survey: Survey, given: Any) -> StarQuery:
    """Filters of the star table that were carried over; none if they make no sense."""
    try:
        return StarQuery.parse({**{key: given[key] for key in given}, "survey": str(survey.id)})
    except CodedError:
        return StarQuery(survey=survey.id)


def _filter_text(query: StarQuery) -> str:
    return urlencode({key: value for key, value in query.as_params().items() if key != "survey"})


def _doubtful_context(request: HttpRequest, prediction: Prediction, counts: dict[str, int]) -> dict[str, Any]:
    wished = request.GET.get("kind", "")
    kinds = [(key, title, counts[key]) for key, title in KINDS.items()]
    filled = next((key for key, _title, count in kinds if count), next(iter(KINDS)))
    kind = wished if wished in KINDS else filled
    pages = Paginator(doubtful(prediction, kind), ROWS)
    pages.count = counts[kind]  # counted already
    page = pages.get_page(request.GET.get("page"))
    return {"kinds": kinds, "kind": kind, "page": page, "rows": classified_rows(page.object_list)}
