"""Generators: the list, the page of one with what was judged, and the samples of a training over its epochs."""

from __future__ import annotations

import re
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from anime import selectors
from anime.errors import NotFoundError
from anime.generator_view import collapse_words, generator_row, judged_facts, nearest_pairs
from anime.model_presentation import API, is_working
from anime.models import Training
from anime.services.read_report import report_of
from anime.train_pages import trainings_context
from cvstudio.runs.models import Run

PAGE_SIZE: Final = 24
SHOWN_PAIRS: Final = 24
SAMPLES: Final = "samples/samples_epoch_"
_EPOCH: Final = re.compile(r"samples_epoch_(\d+)\.png$")


@login_required
@require_GET
def list_page(request: HttpRequest) -> HttpResponse:
    """All generators, newest first, and the trainings that will bring more."""
    page = Paginator(selectors.listed_generators(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    trainings = selectors.trainings_of(request.user, list(page))
    rows = [generator_row(version, trainings.get(version.id), report_of(version)) for version in page]
    context = {"page": page, "rows": rows, **trainings_context(request, Training.Kind.GENERATOR)}
    return render(request, "anime/generators.html", context)


@login_required
@require_GET
def generator_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """What judges say of it, how near its samples are to training images, and how it came about."""
    try:
        version = selectors.visible_generator(request.user, id)
    except NotFoundError as error:
        raise Http404 from error
    training = selectors.trainings_of(request.user, [version]).get(version.id)
    report = report_of(version)
    collection = training.collection if training else None
    context = {
        "version": version, "report": report, "training": training, "collection": collection,
        "facts": judged_facts(report), "collapsed": collapse_words(report),
        "pairs": nearest_pairs(report, version.run, collection)[:SHOWN_PAIRS],
        "api_path": f"{API}/generators/{version.id}/report", **_timeline(version.run, training),
    }  # fmt: skip
    return render(request, "anime/generator.html", context)


@login_required
@require_GET
def timeline_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """A training of a generator while it goes on: samples with a slider, losses of both sides live."""
    training = _training(request, id)
    if training.weight is not None:
        return redirect("anime:generator", training.weight.id)
    context = {"training": training, **_timeline(training.run, training)}
    context |= trainings_context(request, Training.Kind.GENERATOR, only=training.id)
    return render(request, "anime/timeline.html", context)


@login_required
@require_GET
def samples_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """The samples there are so far, for the slider to grow by."""
    training = _training(request, id)
    return JsonResponse({"samples": samples_of(training.run), "live": is_working(training.run)})


def samples_of(run: Run | None) -> list[dict[str, Any]]:
    """Epoch and address of each sheet of samples of a run, in order (1 query)."""
    if run is None:
        return []
    found = run.artifacts.filter(name__startswith=SAMPLES).values_list("id", "name")
    sheets = [(int(match[1]), pk) for pk, name in found if (match := _EPOCH.search(name))]
    return [{"epoch": at, "url": f"/api/v1/training/{run.id}/artifacts/{pk}/download"} for at, pk in sorted(sheets)]


def _timeline(run: Run | None, training: Training | None) -> dict[str, Any]:
    return {
        "run": run, "run_api": f"/api/v1/training/{run.id}" if run else "", "is_working": is_working(run),
        "samples": samples_of(run), "timeline_training": training,
    }  # fmt: skip


def _training(request: HttpRequest, id: UUID) -> Training:
    try:
        training = selectors.visible_training(request.user, id)
    except NotFoundError as error:
        raise Http404 from error
    if training.kind != Training.Kind.GENERATOR:
        raise Http404
    return training
