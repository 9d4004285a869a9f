"""Maps of stars: of a survey that was classified, and of the stars that a classifier was judged by."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from stellar import selectors
from stellar.classifier_pages import found_classifier, survey_of
from stellar.model_presentation import API, ids_of, table_address, version_title
from stellar.models import Prediction, Survey, WorkState
from stellar.prediction_pages import found_survey
from stellar.presentation import survey_tabs

MOST_CHOICES = 100


@login_required
@require_GET
def survey_map_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """Every star of a survey as a point, where one of its classifications places it."""
    survey = found_survey(request, id)
    ready = list(selectors.listed_predictions(request.user).filter(survey=survey, state=WorkState.READY)[:MOST_CHOICES])
    chosen = _chosen(ready, survey, request.GET.get("prediction", ""))
    context: dict[str, Any] = {
        "name": survey.name, "survey": survey, "tabs": survey_tabs(survey), "prediction": chosen,
        "choices": [(str(one.id), version_title(one.classifier)) for one in ready],
        "version": chosen.classifier if chosen else None, "parent_url": reverse("stellar:survey", args=[survey.id]),
        "table_url": table_address(survey.id), "boot": _boot(f"predictions/{chosen.id}", survey) if chosen else None,
    }  # fmt: skip
    return render(request, "stellar/embedding.html", context)


@login_required
@require_GET
def classifier_map_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """The stars that a classifier was judged by."""
    version = found_classifier(request, id)
    survey = survey_of(version)
    context = {
        "name": version.weight.name, "survey": survey, "version": version,
        "parent_url": reverse("stellar:classifier", args=[version.id]),
        "table_url": table_address(survey.id) if survey else "", "boot": _boot(f"classifiers/{version.id}", survey),
    }  # fmt: skip
    return render(request, "stellar/embedding.html", context)


def _chosen(ready: list[Prediction], survey: Survey, wish: str) -> Prediction | None:
    """The wished one, else the one that the star table shows, else the newest."""
    wished = ids_of([wish])
    for known in (wished, [survey.shown_id]):
        found = next((one for one in ready if one.id in known), None)
        if found is not None:
            return found
    return ready[0] if ready else None


def _boot(source: str, survey: Survey | None) -> dict[str, str]:
    """Addresses for the script; ID stands for that of a star."""
    return {
        "embedding": f"{API}/{source}/embedding", "survey": str(survey.id) if survey else "",
        "star": "/stellar/stars/ID", "image": f"{API}/stars/ID/image?size=128", "spectrum": f"{API}/stars/ID/spectrum",
    }  # fmt: skip
