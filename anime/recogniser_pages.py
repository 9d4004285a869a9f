"""Recognisers: the list, the page of one with its scores, the images behind a cell of its confusion matrix."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from anime import selectors
from anime.errors import NotFoundError
from anime.model_presentation import API, judged_images, kind_of, recogniser_row
from anime.models import Training
from anime.report_view import (
    calibration_series,
    character_rows,
    given_rows,
    headline,
    is_of_words,
    source_rows,
    voice_rows,
)
from anime.services.read_report import report_of
from anime.train_pages import trainings_context
from cvstudio.common.confusion import confusion_view
from cvstudio.weights.models import WeightVersion

PAGE_SIZE = 24
SHOWN_WORST = 24
SHOWN_IMAGES = 240
SHOWN_VERSIONS = 20


@login_required
@require_GET
def list_page(request: HttpRequest) -> HttpResponse:
    """All recognisers, newest first, and the trainings that will bring more."""
    page = Paginator(selectors.listed_recognisers(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    trainings = selectors.trainings_of(request.user, list(page))
    rows = [recogniser_row(version, trainings.get(version.id), own_report(version)) for version in page]
    kinds = (Training.Kind.RECOGNISER, Training.Kind.STUDENT, Training.Kind.WORDS)
    context = {"page": page, "rows": rows, **trainings_context(request, *kinds)}
    return render(request, "anime/recognisers.html", context)


@login_required
@require_GET
def recogniser_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """What it scored on images that were held out, and where it fails."""
    version = found_recogniser(request, id)
    report, training = own_report(version), training_of(request, version)
    versions = selectors.listed_recognisers(request.user).filter(weight=version.weight)[:SHOWN_VERSIONS]
    context = {
        "version": version, "report": report, "training": training, "kind": kind_of(version),
        "collection": training.collection if training else None, "versions": list(versions),
        "enrolment": selectors.listed_enrolments(request.user).filter(weight=version).first(),
        "api_path": f"{API}/recognisers/{version.id}/report", "run_api": f"/api/v1/training/{version.run_id}",
        "fit": (version.preprocessing or {}).get("fit_picture", "crop"),
        "can_enrol": version.weight.task in selectors.RECOGNISERS,
        "is_teacher": version.weight.task == selectors.RECOGNISER,
    }  # fmt: skip
    if is_of_words(report):
        context["given"] = given_rows(report)
    elif report:
        context |= _report_context(version, report, training)
    return render(request, "anime/recogniser.html", context)


@login_required
@require_GET
def images_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """The images of one cell of the confusion matrix, of one character, or all that were held out."""
    version = found_recogniser(request, id)
    character, answer = request.GET.get("character", ""), request.GET.get("answer", "")
    report, training = own_report(version), training_of(request, version)
    found = [
        case
        for case in report.get("answers") or report.get("worst") or []
        if character in ("", case["character"]) and answer in ("", case["predicted"])
    ]
    found.sort(key=lambda case: -float(case["confidence"]))
    shown = judged_images(found[:SHOWN_IMAGES], training.collection if training else None, version)
    context = {
        "version": version, "total": len(found), "images": shown, "here_now": _cell_title(character, answer),
        "fit": (version.preprocessing or {}).get("fit_picture", "crop"),
    }  # fmt: skip
    return render(request, "anime/recogniser_images.html", context)


def found_recogniser(request: HttpRequest, id: UUID) -> WeightVersion:
    """The recogniser, of whatever sort, or 404."""
    try:
        return selectors.visible_recogniser(request.user, id)
    except NotFoundError as error:
        raise Http404 from error


def own_report(version: WeightVersion) -> dict[str, Any]:
    """Its report; that of a student stands in the comparison with its teacher."""
    report = report_of(version)
    return dict(report.get("student") or {}) if version.weight.task == selectors.STUDENT else report


def training_of(request: HttpRequest, version: WeightVersion) -> Training | None:
    """What it came from, if that is still there."""
    return selectors.trainings_of(request.user, [version]).get(version.id)


def _report_context(version: WeightVersion, report: dict[str, Any], training: Training | None) -> dict[str, Any]:
    found = report.get("confusion") or {}
    names, counts = found.get("classes") or [], found.get("matrix") or []
    base = reverse("anime:recogniser-images", args=[version.id])

    def address(row: int, column: int) -> str:
        return f"{base}?{urlencode({'character': names[row], 'answer': names[column]})}"

    collection = training.collection if training else None
    return {
        "headline": headline(report), "voices": voice_rows(report), "sources": source_rows(report),
        "character_rows": character_rows(report), "calibration": calibration_series(report),
        "confusion": confusion_view(names, counts, address) if counts else None,
        "worst": judged_images((report.get("worst") or [])[:SHOWN_WORST], collection, version),
    }  # fmt: skip


def _cell_title(character: str, answer: str) -> str:
    if character and answer:
        return _("%(character)s taken for %(answer)s") % {"character": character, "answer": answer}
    if character:
        return character
    return _("taken for %(answer)s") % {"answer": answer} if answer else _("Images held out")
