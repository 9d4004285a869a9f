"""Recognise images, look at what was recognised, and say who it really is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anime import selectors
from anime.errors import NotFoundError
from anime.models import Collection, Recognition
from anime.recognition_view import recognition_cards
from anime.services.recognise import correct_recognition, delete_recognition
from cvstudio.datasets.models import DatasetVersion
from cvstudio.inference.limits import limits
from cvstudio.inference.serving.client import is_served
from cvstudio.weights.models import WeightVersion
from ml_core.errors import CodedError

PAGE_SIZE = 24
_NEWEST = 6
_CHOICES = 200


@login_required
@require_GET
def recognise_page(request: HttpRequest) -> HttpResponse:
    """Drop, paste or choose images; each gets an answer."""
    recognisers, collections = recognising(request), ready_collections(request)
    wanted = request.GET.get("collection", "")
    in_use = next((str(row.recogniser_id) for row in collections if str(row.id) == wanted and row.recogniser_id), "")
    context = {
        "recognisers": recognisers, "collections": collections, "chosen_collection": wanted,
        "reading": selectors.WORDS, "chosen": request.GET.get("recogniser", "") or in_use, "is_served": is_served(),
        "max_bytes": limits().max_image_bytes,
        "newest": recognition_cards(list(selectors.listed_recognitions(request.user)[:_NEWEST])),
    }  # fmt: skip
    return render(request, "anime/recognise.html", context)


@login_required
@require_GET
def recognitions_page(request: HttpRequest) -> HttpResponse:
    """All that was recognised, newest first."""
    query = request.GET
    filters = {key: query.get(key, "").strip()[:200] for key in ("q", "show")}
    rows = selectors.listed_recognitions(request.user)
    if filters["q"]:
        rows = rows.filter(name__icontains=filters["q"])
    if filters["show"] == "unknown":
        rows = rows.filter(is_unknown=True)
    elif filters["show"] == "corrected":
        rows = rows.exclude(correction="")
    page = Paginator(rows, PAGE_SIZE).get_page(query.get("page"))
    context = {
        "page": page, "cards": recognition_cards(list(page.object_list)), "filters": filters,
        "is_filtered": any(filters.values()),
    }  # fmt: skip
    return render(request, "anime/recognitions.html", context)


@login_required
@require_GET
def recognition_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """One recognition; for a script, its card alone."""
    recognition = _found(request, id)
    template = "anime/_recognition.html" if "card" in request.GET else "anime/recognition.html"
    return render(request, template, _card_context(request, recognition))


@login_required
@require_POST
def correct_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """Say who it is; the image then waits to become part of the collection. Answers with the card."""
    recognition, post = _found(request, id), request.POST
    fault = None
    try:
        collection = selectors.ready_collection(request.user, UUID(post.get("collection", "")))
        correct_recognition(recognition, collection, post.get("name", ""))
    except CodedError as error:
        fault = error.as_dict()
    except ValueError:
        fault = {"message": _("Choose a collection that the image is to become part of."), "code": "anime.collection"}
    context = _card_context(request, _found(request, id)) | {"fault": fault, "posted": post}
    return render(request, "anime/_recognition.html", context)


@login_required
@require_POST
def delete_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """Forget a recognition and its image."""
    recognition = _found(request, id)
    name = recognition.file_name
    delete_recognition(recognition)
    messages.success(request, _("Deleted %(name)s.") % {"name": name})
    return redirect("anime:recognitions")


def ready_collections(request: HttpRequest) -> list[Collection]:
    """Collections that can be learnt from (2 queries)."""
    rows = selectors.listed_collections(request.user).exclude(synced=None)
    return list(rows.filter(dataset__current_version__state=DatasetVersion.State.READY)[:_CHOICES])


def recognising(request: HttpRequest) -> list[WeightVersion]:
    """Recognisers of all kinds (1 query)."""
    return list(selectors.listed_recognisers(request.user)[:_CHOICES])


def _card_context(request: HttpRequest, recognition: Recognition) -> dict[str, Any]:
    return {"card": recognition_cards([recognition])[0], "collections": ready_collections(request)}


def _found(request: HttpRequest, recognition_id: UUID) -> Recognition:
    try:
        return selectors.visible_recognition(request.user, recognition_id)
    except NotFoundError as error:
        raise Http404 from error
