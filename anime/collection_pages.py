"""The pages of one collection: its characters, its images by finding, its changes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anime import selectors
from anime.errors import NotFoundError
from anime.image_query import ImageQuery
from anime.models import CharacterImage, Collection, Correction
from anime.presentation import (
    FINDINGS,
    character_cards,
    collection_facts,
    collection_tabs,
    correction_words,
    files_left_out,
    finding_rows,
    gallery_rows,
    import_run,
    is_working,
    source_bars,
    viewer_data,
)  # fmt: skip
from anime.services.apply_corrections import apply_corrections
from anime.services.change_collection import change_collection
from anime.services.delete_collection import delete_collection
from anime.services.examine import examine
from anime.services.retry_collection import retry_collection
from anime.services.undo_corrections import undo
from cvstudio.accounts.current import current_user
from cvstudio.common.quantities import scaled_bytes
from cvstudio.datasets.models import DatasetVersion
from cvstudio.runs.services.control_run import control_run
from ml_core.errors import CodedError

CHARACTERS_A_PAGE = 60
IMAGES_A_PAGE = 60
CHANGES_SHOWN = 200
CHARACTER_ORDERS = {"name": ("name",), "images": ("-images", "name"), "fewest": ("images", "name")}


@login_required
@require_GET
def collection_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """How far the import is; then the characters, and what was found."""
    collection = found_collection(request, id)
    context = _page_context(request, collection, "characters")
    if collection.state == DatasetVersion.State.READY:
        text, order = request.GET.get("q", "").strip()[:200], request.GET.get("order", "name")
        rows = selectors.listed_characters(request.user, collection)
        rows = rows.filter(name__icontains=text) if text else rows
        rows = rows.order_by(*CHARACTER_ORDERS.get(order, CHARACTER_ORDERS["name"]))
        page = Paginator(rows, CHARACTERS_A_PAGE).get_page(request.GET.get("page"))
        context |= _health_context(collection) | {
            "page": page, "cards": character_cards(collection, page.object_list), "q": text, "order": order,
            "facts": collection_facts(collection), "source_bars": source_bars(collection),
            "recogniser_version": f"v{collection.recogniser.number}" if collection.recogniser else "",
        }  # fmt: skip
    return render(request, "anime/collection.html", context)


@login_required
@require_GET
def import_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """A part of the page that keeps itself fresh while a version is made."""
    return render(request, "anime/_import.html", _import_context(found_collection(request, id)))


@login_required
@require_GET
def health_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """A part of the page that keeps itself fresh while the collection is examined."""
    return render(request, "anime/_health.html", _health_context(found_collection(request, id)))


@login_required
@require_GET
def images_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """All images, by finding, source or part of the path."""
    collection = found_collection(request, id)
    query = request.GET
    filters = {key: query.get(key, "").strip()[:200] for key in ("flag", "source", "q")}
    asked = ImageQuery(collection=id, source=filters["source"], flag=filters["flag"], text=filters["q"])
    page = selectors.image_page(request.user, asked, query.get("cursor", ""), IMAGES_A_PAGE)
    rows = gallery_rows(collection, page.rows)
    context = _page_context(request, collection, "images") | gallery_context(request, collection, rows)
    context |= {
        "images": page, "filters": filters, "is_filtered": any(filters.values()), "finding_titles": FINDINGS.items(),
        "sources": sorted(collection.sources),
    }  # fmt: skip
    return render(request, "anime/images.html", context)


@login_required
@require_GET
def changes_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """What waits for the next version, and what the versions changed."""
    collection = found_collection(request, id)
    rows = selectors.corrections_of(collection)[:CHANGES_SHOWN]
    versions = DatasetVersion.objects.filter(dataset_id=collection.dataset_id).order_by("-number")
    context = _page_context(request, collection, "changes") | {
        "rows": [{"correction": row, "words": correction_words(row)} for row in rows],
        "versions": versions.defer("statistics").select_related("import_run"), "shown": CHANGES_SHOWN,
    }  # fmt: skip
    return render(request, "anime/changes.html", context)


@login_required
@require_GET
def waiting_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """A part of the pages: how many changes wait, with buttons to apply or take them back."""
    collection = found_collection(request, id)
    return render(request, "anime/_waiting.html", {"collection": collection, "waiting": waiting_of(collection)})


@login_required
@require_POST
def action_page(request: HttpRequest, id: UUID, action: str) -> HttpResponse:
    """Buttons: change, retry, stop, delete, examine, apply, undo."""
    handler = _ACTIONS.get(action)
    if handler is None:
        raise Http404
    collection = found_collection(request, id)
    try:
        return redirect(handler(request, collection))
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect("anime:collection", id)


def found_collection(request: HttpRequest, collection_id: UUID) -> Collection:
    """The collection of an address.

    Raises:
        Http404: There is none for this person.
    """
    try:
        return selectors.visible_collection(request.user, collection_id)
    except NotFoundError as error:
        raise Http404 from error


def waiting_of(collection: Collection) -> int:
    """How many changes wait for the next version (1 query)."""
    return Correction.objects.filter(collection=collection, state=Correction.State.WAITING).count()


def gallery_context(request: HttpRequest, collection: Collection, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What the gallery's template and script need (1 query)."""
    names = selectors.listed_characters(request.user, collection)
    return {
        "rows": rows,
        "viewer": viewer_data(rows),
        "names": list(names.order_by("name").values_list("name", flat=True)),
        "corrections_api": f"/api/v1/anime/collections/{collection.id}/corrections",
    }


def _page_context(request: HttpRequest, collection: Collection, here: str) -> dict[str, Any]:
    waiting = waiting_of(collection)
    return _import_context(collection) | {
        "tabs": collection_tabs(collection, waiting), "here": here, "waiting": waiting,
        "api": f"/api/v1/anime/collections/{collection.id}",
        "is_ready": collection.state == DatasetVersion.State.READY,
    }  # fmt: skip


def _import_context(collection: Collection) -> dict[str, Any]:
    run = import_run(collection)
    newest = collection.newest
    return {
        "collection": collection, "run": run, "is_working": is_working(run),
        "fault": newest.fault if newest and newest.state == DatasetVersion.State.FAILED else None,
        "stamp": f"{newest.number}-{newest.state}" if newest else "",
    }  # fmt: skip


def _health_context(collection: Collection) -> dict[str, Any]:
    images = CharacterImage.objects.filter(collection=collection)
    version = collection.dataset.current_version
    return {
        "version": version, "files_left_out": files_left_out(version),
        "collection": collection, "is_examining": is_working(collection.examine_run), "health": collection.health,
        "findings": finding_rows(images, _here(collection, "collection-images")),
    }  # fmt: skip


def _here(collection: Collection, name: str = "collection") -> str:
    return reverse(f"anime:{name}", args=[collection.id])


def _change(request: HttpRequest, collection: Collection) -> str:
    text = request.POST.get("description", "")[:10_000]
    change_collection(collection, name=request.POST.get("name", ""), description=text)
    return _here(collection)


def _retry(_request: HttpRequest, collection: Collection) -> str:
    retry_collection(collection)
    return _here(collection)


def _stop(_request: HttpRequest, collection: Collection) -> str:
    run = import_run(collection)
    if run is not None:
        control_run(run, "stop")
    return _here(collection)


def _examine(_request: HttpRequest, collection: Collection) -> str:
    examine(collection)
    return _here(collection)


def _apply(_request: HttpRequest, collection: Collection) -> str:
    apply_corrections(collection)
    return _here(collection)


def _undo(_request: HttpRequest, collection: Collection) -> str:
    undo(collection)
    return _here(collection, "collection-changes")


def _delete(request: HttpRequest, collection: Collection) -> str:
    name = collection.name
    facts = {"name": name, "size": scaled_bytes(delete_collection(collection, current_user(request)))}
    messages.success(request, _("Deleted %(name)s; %(size)s came back.") % facts)
    return reverse("anime:list")


_ACTIONS = {
    "change": _change, "retry": _retry, "stop": _stop, "examine": _examine, "apply": _apply, "undo": _undo,
    "delete": _delete,
}  # fmt: skip
