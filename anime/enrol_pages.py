"""Add a character to a recogniser in seconds: images in, how well it will be told apart out; take it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anime import selectors
from anime.enrolment_view import expectations, hard_to_tell
from anime.errors import NotFoundError
from anime.models import Enrolment, WorkState
from anime.presentation import is_working
from anime.recognise_pages import ready_collections, recognising
from anime.services.start_enrolment import MOST_IMAGES, start_enrolment, start_removal
from anime.services.use_recogniser import use_recogniser
from cvstudio.accounts.current import current_user
from cvstudio.runs.services.control_run import control_run
from cvstudio.weights.models import WeightVersion
from ml_core.errors import CodedError

PAGE_SIZE = 20


@login_required
@require_GET
def add_page(request: HttpRequest) -> HttpResponse:
    """Name and images of a character; below it, what was added and removed before."""
    query = request.GET
    recognisers = recognising(request)
    collections = ready_collections(request)
    in_use = {str(row.id): str(row.recogniser_id) for row in collections if row.recogniser_id}
    wanted = query.get("collection", "")
    chosen = query.get("recogniser", "") or in_use.get(wanted, "")
    page = Paginator(selectors.listed_enrolments(request.user), PAGE_SIZE).get_page(query.get("page"))
    context = {
        "recognisers": recognisers, "collections": collections, "chosen_collection": wanted, "chosen": chosen,
        "name": query.get("name", "")[:200], "page": page, "max_bytes": settings.MAX_UPLOAD_SIZE,
        "known": _known(chosen, recognisers),
    }  # fmt: skip
    return render(request, "anime/add.html", context)


@login_required
@require_POST
def remove_page(request: HttpRequest) -> HttpResponse:
    """Take a character from a recogniser; the version before stays."""
    post = request.POST
    try:
        version = selectors.visible_recogniser(request.user, UUID(post.get("recogniser", "")))
        enrolment = start_removal(current_user(request), version, post.get("name", ""))
    except ValueError as error:
        raise Http404 from error
    except NotFoundError as error:
        raise Http404 from error
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect(f"{reverse('anime:add')}?recogniser={post.get('recogniser', '')}")
    return redirect("anime:enrolment", enrolment.id)


@login_required
@require_POST
def teach_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """Add a character of a collection, by its images there, to the recogniser that the collection uses."""
    try:
        character = selectors.visible_character(request.user, id)
    except NotFoundError as error:
        raise Http404 from error
    collection, version = character.collection, character.collection.recogniser
    if version is None or version.weight.task not in selectors.RECOGNISERS or character.name in version.classes:
        raise Http404
    images = list(character.image_rows.select_related("image__version").order_by("position")[:MOST_IMAGES])
    try:
        enrolment = start_enrolment(
            current_user(request), version, name=character.name, images=images, collection=collection
        )
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect("anime:character", id)
    return redirect("anime:enrolment", enrolment.id)


@login_required
@require_GET
def enrolment_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """How far it is; then how well the character will be told apart, and from whom it is hard to tell."""
    enrolment = _found(request, id)
    return render(request, "anime/enrolment.html", _context(request, enrolment))


@login_required
@require_GET
def progress_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """A part of the page that keeps itself fresh."""
    return render(request, "anime/_enrolment_progress.html", _progress_context(_found(request, id)))


@login_required
@require_POST
def action_page(request: HttpRequest, id: UUID, action: str) -> HttpResponse:
    """Buttons: use the recogniser after it, go back to the one before, stop."""
    enrolment = _found(request, id)
    handler = _ACTIONS.get(action)
    if handler is None:
        raise Http404
    try:
        handler(request, enrolment)
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    return redirect("anime:enrolment", id)


def _context(request: HttpRequest, enrolment: Enrolment) -> dict[str, Any]:
    collection = enrolment.collection
    return _progress_context(enrolment) | {
        "report": enrolment.report, "expectations": expectations(enrolment.report),
        "hard": hard_to_tell(request.user, enrolment), "api": f"/api/v1/anime/enrolments/{enrolment.id}",
        "in_use": collection.recogniser_id if collection else None,
        "plot": {"curve": enrolment.report.get("curve", []), "name": enrolment.name},
    }  # fmt: skip


def _progress_context(enrolment: Enrolment) -> dict[str, Any]:
    return {
        "enrolment": enrolment, "is_working": is_working(enrolment.run),
        "is_ready": enrolment.state == WorkState.READY, "is_failed": enrolment.state == WorkState.FAILED,
    }  # fmt: skip


def _known(chosen: str, recognisers: list[WeightVersion]) -> list[str]:
    """Names that the chosen recogniser knows, or the newest one."""
    row = next((row for row in recognisers if str(row.id) == chosen), recognisers[0] if recognisers else None)
    return list(row.classes) if row else []


def _use(request: HttpRequest, enrolment: Enrolment) -> None:
    _switch(request, enrolment, enrolment.weight)


def _back(request: HttpRequest, enrolment: Enrolment) -> None:
    _switch(request, enrolment, enrolment.recogniser)


def _switch(request: HttpRequest, enrolment: Enrolment, version: WeightVersion | None) -> None:
    if enrolment.collection is None or version is None:
        raise NotFoundError(
            "There is no collection or no recogniser to switch.", hint="Choose the recogniser where you use it."
        )
    use_recogniser(enrolment.collection, version)
    facts = {"name": enrolment.collection.name, "recogniser": f"{version.weight.name} v{version.number}"}
    messages.success(request, _("%(name)s now uses %(recogniser)s.") % facts)


def _stop(_request: HttpRequest, enrolment: Enrolment) -> None:
    if enrolment.run is not None:
        control_run(enrolment.run, "stop")


_ACTIONS = {"use": _use, "back": _back, "stop": _stop}


def _found(request: HttpRequest, enrolment_id: UUID) -> Enrolment:
    try:
        return selectors.visible_enrolment(request.user, enrolment_id)
    except NotFoundError as error:
        raise Http404 from error
