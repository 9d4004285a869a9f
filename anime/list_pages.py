"""Collections: all of them, and four ways to bring a new one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anime import selectors
from anime.models import Collection
from anime.presentation import collection_cards
from anime.services.create_collection import create_from_dataset, create_from_folder, create_sample
from cvstudio.accounts.current import current_user
from cvstudio.datasets.models import DatasetVersion
from cvstudio.datasets.selectors import listed_datasets, visible_dataset
from ml_core.errors import CodedError

PAGE_SIZE = 24
WAYS = ("upload", "folder", "dataset", "sample")
ORDERS = {"newest": ("-created_at", "-id"), "name": ("dataset__name", "id"), "images": ("-images", "-id")}


@login_required
@require_GET
def list_page(request: HttpRequest) -> HttpResponse:
    """All collections as cards."""
    query = request.GET
    text, order = query.get("q", "").strip()[:200], query.get("order", "newest")
    rows = selectors.listed_collections(request.user)
    if text:
        rows = rows.filter(dataset__name__icontains=text)
    page = Paginator(rows.order_by(*ORDERS.get(order, ORDERS["newest"])), PAGE_SIZE).get_page(query.get("page"))
    context = {"page": page, "cards": collection_cards(page.object_list), "q": text, "order": order}
    return render(request, "anime/list.html", context)


@login_required
@require_GET
def new_page(request: HttpRequest) -> HttpResponse:
    """Upload a zip, register a folder, take a data set that exists, or make the sample."""
    return render(request, "anime/new.html", _new_context(request))


@login_required
@require_POST
def register_page(request: HttpRequest) -> HttpResponse:
    """Register a folder of the server."""
    post = request.POST
    return _create(
        request, "folder", lambda user: create_from_folder(user, post.get("path", ""), name=post.get("name", ""))
    )


@login_required
@require_POST
def use_page(request: HttpRequest) -> HttpResponse:
    """Use a data set that exists as a collection."""

    def make(user: Any) -> Collection:
        return create_from_dataset(visible_dataset(user, UUID(request.POST.get("dataset", ""))))

    return _create(request, "dataset", make)


@login_required
@require_POST
def sample_page(request: HttpRequest) -> HttpResponse:
    """Make the sample: drawn characters."""
    return _create(request, "sample", lambda user: create_sample(user, name=request.POST.get("name", "")))


def _create(request: HttpRequest, way: str, make: Callable[[Any], Collection]) -> HttpResponse:
    try:
        collection = make(current_user(request))
    except (CodedError, ValueError) as error:
        fault = error.as_dict() if isinstance(error, CodedError) else {"message": _("There is no such data set.")}
        context = {**_new_context(request), "fault": fault, "posted": request.POST, "way": way}
        return render(request, "anime/new.html", context, status=422)
    return redirect("anime:collection", collection.id)


def _new_context(request: HttpRequest) -> dict[str, Any]:
    way = request.GET.get("way", "upload")
    datasets = listed_datasets(request.user).filter(
        current_version__task=DatasetVersion.Task.CLASSIFY, anime_collection=None
    )
    return {
        "way": way if way in WAYS else "upload",
        "max_bytes": settings.MAX_UPLOAD_SIZE,
        "has_roots": bool(settings.DATASET_ROOTS),
        "datasets": datasets.order_by("-created_at")[:200],
    }
