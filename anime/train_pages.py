"""Training from a collection: what it shall become, what it learns from, settings; and the trainings at work."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anime import selectors
from anime.errors import AnimeError, NotFoundError
from anime.model_presentation import chosen_of, ids_of, training_row
from anime.models import Training
from anime.recognise_pages import ready_collections
from anime.services.delete_training import delete_training
from anime.services.start_training import start_training
from anime.train_form import FORMS, KINDS
from anime.training_time import training_seconds
from cvstudio.accounts.current import current_user
from cvstudio.runs.models import RunState
from cvstudio.weights.models import WeightVersion
from ml_core.errors import CodedError, ConfigError

SHOWN_TRAININGS = 12
SHOWN_CHOICES = 200
#: Below so many images of a character its scores say little, and few are left to judge by.
FEW = 12
#: How the service calls the recogniser that a kind stands on; for words there may be none.
STANDS_ON = {"student": "teacher", "generator": "recogniser", "words": "recogniser"}
NEEDS = ("student", "generator")


@login_required
@require_http_methods(["GET", "POST"])
def train_page(request: HttpRequest) -> HttpResponse:
    """The wizard; what was wrong stands beside its field."""
    if request.method == "POST":
        try:
            training = _start(request)
            return redirect("anime:generators" if training.kind == Training.Kind.GENERATOR else "anime:recognisers")
        except ConfigError:  # told beside the fields
            return render(request, "anime/train.html", _context(request), status=422)
        except CodedError as error:
            return render(request, "anime/train.html", _context(request, error.as_dict()), status=422)
    return render(request, "anime/train.html", _context(request))


@login_required
@require_GET
def estimate_page(request: HttpRequest) -> HttpResponse:
    """A part of the wizard: what there is to learn from, and how long it takes."""
    estimate = _estimate(request)
    context = {"estimate": estimate, "kind": _kind(request.GET), "swaps": True, "characters": estimate["offered"]}
    return render(request, "anime/_estimate.html", {**context, "character": request.GET.get("character", "")})


@login_required
@require_GET
def trainings_page(request: HttpRequest) -> HttpResponse:
    """A part of a list of models that keeps itself fresh."""
    kinds = [kind for kind in request.GET.getlist("kind") if kind in KINDS]
    only = next(iter(ids_of(request.GET.getlist("only"))), None)
    return render(request, "components/trainings.html", trainings_context(request, *(kinds or KINDS), only=only))


@login_required
@require_POST
def action_page(request: HttpRequest, id: UUID, action: str) -> HttpResponse:
    """Button: take a training that ended without a model off the list; its run stays."""
    if action != "delete":
        raise Http404
    try:
        training = selectors.visible_training(request.user, id)
        kind = training.kind
        delete_training(training)
    except NotFoundError as error:
        raise Http404 from error
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    return redirect("anime:generators" if kind == Training.Kind.GENERATOR else "anime:recognisers")


def trainings_context(request: HttpRequest, *kinds: str, only: UUID | None = None) -> dict[str, Any]:
    """Trainings of some kinds, or one alone, without a model yet: at work, waiting, failed."""
    found = selectors.listed_trainings(request.user).filter(weight=None, kind__in=kinds)
    found = (found.filter(id=only) if only else found)[:SHOWN_TRAININGS]
    rows = [training_row(one) for one in found if one.run is not None and one.run.state != RunState.COMPLETED]
    query = "&".join([*(f"kind={kind}" for kind in kinds), *([f"only={only}"] if only else [])])
    return {
        "trainings": rows, "is_working": any(row["is_working"] for row in rows),
        "poll_url": f"{reverse('anime:trainings')}?{query}",
    }  # fmt: skip


def _start(request: HttpRequest) -> Training:
    post = request.POST
    kind = _kind(post)
    collections = ready_collections(request)
    if not collections or not ids_of([post.get("collection", "")]):
        raise AnimeError(
            "Choose a collection.", hint="Only collections that are ready can be chosen.", where="collection"
        )
    form = FORMS[kind]
    preset = form.chosen(post)
    return start_training(
        current_user(request), chosen_of(collections, post["collection"]), kind=kind, preset=preset,
        name=post.get("name", ""), settings=form.changed(post, preset), character=post.get("character", ""),
        **_stands_on(request, kind),
    )  # fmt: skip


def _stands_on(request: HttpRequest, kind: str) -> dict[str, Any]:
    """The recogniser that a student or a generator learns with."""
    if kind not in STANDS_ON:
        return {}
    wished = ids_of([request.POST.get("recogniser", "")])
    if not wished and kind not in NEEDS:
        return {}
    if not wished:
        raise AnimeError("Choose a recogniser.", hint="Train one first if there is none.", where="recogniser")
    return {STANDS_ON[kind]: selectors.visible_recogniser(request.user, wished[0])}


def _teachers(request: HttpRequest) -> list[WeightVersion]:
    """Recognisers that learned from images themselves."""
    rows = selectors.listed_recognisers(request.user).filter(weight__task=selectors.RECOGNISER)
    return list(rows[:SHOWN_CHOICES])


def _context(request: HttpRequest, fault: dict[str, Any] | None = None) -> dict[str, Any]:
    given = request.POST if request.method == "POST" else request.GET
    before = selectors.listed_trainings(request.user).filter(id__in=ids_of([given.get("training", "")])).first()
    kind = before.kind if before else _kind(given)
    collections = ready_collections(request)
    estimate = _estimate(request)
    collection = (before and before.collection) or chosen_of(collections, given.get("collection", ""))
    preset = before.preset if before else FORMS[kind].chosen(given)
    recognisers = _teachers(request) if kind in STANDS_ON else []
    wished = given.get("recogniser", "")
    recogniser = (before and before.teacher) or (chosen_of(recognisers, wished) if wished or kind in NEEDS else None)
    return {
        "kind": kind, "kinds": [(key, title, text) for key, (title, text) in KINDS.items()],
        "kind_title": KINDS[kind][0], "collections": collections, "collection": collection,
        "takes_recogniser": kind in STANDS_ON, "needs_recogniser": kind in NEEDS,
        "recognisers": recognisers, "recogniser": recogniser,
        "characters": estimate["offered"],
        "character": before.character if before else given.get("character", ""),
        "form": FORMS[kind].form(given if request.method == "POST" else None, preset), "chosen_preset": preset,
        "estimate": estimate, "posted": given, "fault": fault,
        "api_body": {"kind": kind, "collection": str(collection.id) if collection else "", "preset": preset},
    }  # fmt: skip


def _estimate(request: HttpRequest) -> dict[str, Any]:
    """Characters and images to learn from, what is thin, seconds."""
    given = request.POST if request.method == "POST" else request.GET
    kind = _kind(given)
    collection = chosen_of(ready_collections(request), given.get("collection", ""))
    if collection is None:
        return {"total": 0, "characters": [], "offered": [], "few": [], "seconds": None}
    offered = characters = list(selectors.listed_characters(request.user, collection))
    wished = given.get("character", "")
    if kind == Training.Kind.GENERATOR and characters:
        characters = [one for one in characters if one.name == wished] or characters[:1]
    total = sum(one.images for one in characters)
    form = FORMS[kind]
    preset = form.chosen(given)
    return {
        "total": total, "characters": characters, "offered": offered,
        "most": max((one.images for one in characters), default=1),
        "few": [one.name for one in characters if one.images < FEW], "least": FEW,
        "seconds": training_seconds(kind, preset, total, form.changed(given, preset)),
    }  # fmt: skip


def _kind(given: Any) -> str:
    wished = str(given.get("kind", ""))
    return wished if wished in KINDS else next(iter(KINDS))
