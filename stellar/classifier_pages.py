"""Classifiers: the list, the page of one with its scores, the stars behind a cell of its confusion matrix."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from cvstudio.common.confusion import confusion_view
from cvstudio.weights.models import WeightVersion
from ml_core.stellar.spectra.subclass import CLASSES
from stellar import selectors
from stellar.classifier_files import read_report
from stellar.errors import NotFoundError, StellarError
from stellar.held_back import held_back_stars
from stellar.model_presentation import classifier_row, prediction_row, report_stars
from stellar.models import Survey, Training
from stellar.report_view import (
    GROUPS,
    calibration_series,
    class_rows,
    headline,
    modalities_of,
    modality_title,
    score_rows,
)
from stellar.train_pages import ready_surveys, trainings_context

PAGE_SIZE = 24
SHOWN_WORST = 24
SHOWN_STARS = 120
SHOWN_PREDICTIONS = 12


@login_required
@require_GET
def list_page(request: HttpRequest) -> HttpResponse:
    """All classifiers, newest first, and the trainings that will bring more."""
    page = Paginator(selectors.listed_classifiers(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    trainings = selectors.trainings_of(request.user, list(page))
    rows = [
        classifier_row(version, trainings[version.id].survey if version.id in trainings else None, read_report(version))
        for version in page
    ]
    return render(request, "stellar/classifiers.html", {"page": page, "rows": rows, **trainings_context(request)})


@login_required
@require_GET
def classifier_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """What it scored on stars that were held back, and where it fails."""
    version = found_classifier(request, id)
    report = read_report(version)
    surveys = ready_surveys(request)
    predictions = selectors.listed_predictions(request.user).filter(classifier=version)[:SHOWN_PREDICTIONS]
    context = {
        "version": version, "row": classifier_row(version, survey_of(version), report), "report": report,
        "surveys": surveys,
        "predictions": [prediction_row(one) for one in predictions],
        "api_path": f"/api/v1/stellar/classifiers/{version.id}/report",
        "chosen_survey": str(surveys[0].id) if surveys else "",
    }  # fmt: skip
    if report:
        context |= _report_context(request, version, report)
    return render(request, "stellar/classifier.html", context)


@login_required
@require_GET
def stars_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """The stars of one cell of the confusion matrix, or all that were held back."""
    version = found_classifier(request, id)
    given = request.GET
    actual, answer = (_class_of(given.get(name, "")) for name in ("actual", "answer"))
    group, modality = _choice(given, "group", GROUPS), given.get("modality", "fusion")
    stars, fault = [], None
    try:
        stars = held_back_stars(version, actual, answer, group, modality)
    except StellarError as error:
        fault = error.as_dict()
    context = {
        "version": version, "total": len(stars), "here_now": _cell_title(actual, answer), "fault": fault,
        "group_title": GROUPS[group], "modality_title": modality_title(modality),
        "stars": report_stars(stars[:SHOWN_STARS], survey_of(version)),
    }  # fmt: skip
    return render(request, "stellar/classifier_stars.html", context)


def found_classifier(request: HttpRequest, id: UUID) -> WeightVersion:
    """The classifier, or 404."""
    try:
        return selectors.visible_classifier(request.user, id)
    except NotFoundError as error:
        raise Http404 from error


def survey_of(version: WeightVersion) -> Survey | None:
    """What it learned from, if it is still there."""
    training = Training.objects.filter(classifier=version).select_related("survey").first()
    return training.survey if training else None


def _report_context(request: HttpRequest, version: WeightVersion, report: dict[str, Any]) -> dict[str, Any]:
    known = modalities_of(report)
    modality = request.GET.get("modality", "fusion")
    modality = modality if modality in known else "fusion"
    group = _choice(request.GET, "group", GROUPS)
    counts = report.get("confusion", {}).get(group, {}).get(modality)
    base = reverse("stellar:classifier-stars", args=[version.id])

    def address(row: int, column: int) -> str:
        return f"{base}?actual={CLASSES[row]}&answer={CLASSES[column]}&group={group}&modality={modality}"

    return {
        "headline": headline(report), "scores": score_rows(report), "groups": list(GROUPS.items()), "group": group,
        "modalities": [(name, modality_title(name)) for name in known], "modality": modality,
        "confusion": confusion_view(CLASSES, counts, address) if counts and any(map(sum, counts)) else None,
        "classes": class_rows(report, modality), "calibration": calibration_series(report),
        "worst": report_stars(report.get("worst", [])[:SHOWN_WORST], survey_of(version)),
    }  # fmt: skip


def _class_of(text: str) -> str:
    if text and text not in CLASSES:
        raise Http404
    return text


def _cell_title(actual: str, answer: str) -> str:
    if actual and answer:
        return _("%(actual)s answered as %(answer)s") % {"actual": actual, "answer": answer}
    if actual:
        return _("%(actual)s in the catalogue") % {"actual": actual}
    return _("answered as %(answer)s") % {"answer": answer} if answer else _("Stars held back")


def _choice(given: Any, key: str, known: Any) -> str:
    wished = str(given.get(key, ""))
    return wished if wished in known else next(iter(known))
