"""Training a classifier: survey, what a star must have, model; and the trainings that are at work."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cvstudio.accounts.current import current_user
from ml_core.errors import CodedError, ConfigError
from stellar import selectors
from stellar.errors import NotFoundError, StellarError
from stellar.model_presentation import NEEDS, ids_of, training_row
from stellar.models import Survey, Training
from stellar.services.delete_training import delete_training
from stellar.services.start_training import start_training
from stellar.train_form import FORM
from stellar.usable import usable_view

SHOWN_TRAININGS = 12


@login_required
@require_http_methods(["GET", "POST"])
def train_page(request: HttpRequest) -> HttpResponse:
    """The wizard; what was wrong stands beside its field."""
    if request.method == "POST":
        try:
            _start(request)
            return redirect("stellar:classifiers")
        except ConfigError:  # told beside the fields
            return render(request, "stellar/train.html", _context(request), status=422)
        except CodedError as error:
            return render(request, "stellar/train.html", _context(request, error.as_dict()), status=422)
    return render(request, "stellar/train.html", _context(request))


@login_required
@require_GET
def estimate_page(request: HttpRequest) -> HttpResponse:
    """A part of the wizard: which stars can be used, why others cannot, how long it takes."""
    return render(request, "stellar/_usable.html", {"usable": _usable(request)})


@login_required
@require_GET
def trainings_page(request: HttpRequest) -> HttpResponse:
    """A part of the list of classifiers that keeps itself fresh."""
    return render(request, "components/trainings.html", trainings_context(request))


@login_required
@require_POST
def action_page(request: HttpRequest, id: UUID, action: str) -> HttpResponse:
    """Button: take a training that ended without a classifier off the list; its run stays."""
    try:
        training = selectors.visible_training(request.user, id)
        if action != "delete":
            raise Http404
        delete_training(training)
    except NotFoundError as error:
        raise Http404 from error
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    return redirect("stellar:classifiers")


def trainings_context(request: HttpRequest) -> dict[str, Any]:
    """Trainings without a classifier yet: at work, waiting, failed."""
    found = selectors.listed_trainings(request.user).filter(classifier=None)[:SHOWN_TRAININGS]
    rows = [training_row(one) for one in found]
    rows = [row for row in rows if row["run"] is not None and row["run"].state != "completed"]
    working = any(row["is_working"] for row in rows)
    return {"trainings": rows, "is_working": working, "poll_url": reverse("stellar:trainings")}


def ready_surveys(request: HttpRequest) -> list[Survey]:
    """Surveys that can be used, the newest first."""
    return list(selectors.listed_surveys(request.user).filter(state=Survey.State.READY)[:200])


def _start(request: HttpRequest) -> Training:
    post = request.POST
    survey = _chosen(ready_surveys(request), post.get("survey", ""))
    if survey is None:
        raise StellarError("Choose a survey.", hint="Only surveys that are ready can be chosen.", where="survey")
    preset = FORM.chosen(post)
    return start_training(
        current_user(request), survey, preset=preset, modality=_modality(post), name=post.get("name", ""),
        settings=FORM.changed(post, preset),
    )  # fmt: skip


def _usable(request: HttpRequest) -> dict[str, Any]:
    given = request.POST if request.method == "POST" else request.GET
    surveys = ready_surveys(request)
    survey = _chosen(surveys, given.get("survey", "")) or (surveys[0] if surveys else None)
    preset = FORM.chosen(given)
    return usable_view(survey, _modality(given), preset, FORM.changed(given, preset) if given else {})


def _context(request: HttpRequest, fault: dict[str, Any] | None = None) -> dict[str, Any]:
    surveys = ready_surveys(request)
    given = request.POST if request.method == "POST" else request.GET
    before = selectors.listed_trainings(request.user).filter(id__in=ids_of([given.get("training", "")])).first()
    survey = (
        _chosen(surveys, given.get("survey", "")) or (before.survey if before else None) or next(iter(surveys), None)
    )
    preset = before.preset if before else FORM.chosen(given)
    modality = before.modality if before else _modality(given)
    return {
        "surveys": surveys, "chosen_survey": str(survey.id) if survey else "", "modality": modality,
        "modalities": [(key, title, text) for key, (title, text) in NEEDS.items()],
        "form": FORM.form(given if request.method == "POST" else None, preset), "chosen_preset": preset,
        "usable": usable_view(survey, modality, preset, {}), "posted": given, "fault": fault,
        "api_body": {"survey": str(survey.id) if survey else "", "preset": preset, "modality": modality},
    }  # fmt: skip


def _chosen(surveys: list[Survey], text: str) -> Survey | None:
    wished = ids_of([text])
    return next((survey for survey in surveys if survey.id in wished), None)


def _modality(given: Any) -> str:
    wished = given.get("modality", "both")
    return wished if wished in NEEDS else "both"
