"""Pages: the list, a new data set, saved augmentations."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cvstudio.common.schema_form import build_form
from cvstudio.datasets import selectors
from cvstudio.datasets.models import Dataset
from cvstudio.datasets.presentation import WORKING
from cvstudio.datasets.services.create_dataset import create_from_folder, create_sample
from cvstudio.datasets.services.resolve_folder import view_folder
from cvstudio.datasets.services.start_import import known_options
from ml_core.errors import CodedError

PAGE_SIZE = 24
VIEWS = ("grid", "table")
ORDERS = {"newest": "-created_at", "changed": "-updated_at", "name": "name"}


@login_required
@require_GET
def list_page(request: HttpRequest) -> HttpResponse:
    """All data sets, as cards with covers or as a table."""
    rows = selectors.listed_datasets(request.user)
    text, source = request.GET.get("q", "").strip()[:200], request.GET.get("source", "")
    order, view = request.GET.get("order", "newest"), request.GET.get("view", "grid")
    if text:
        rows = rows.filter(name__icontains=text)
    if source in Dataset.Source.values:
        rows = rows.filter(source=source)
    rows = rows.order_by(ORDERS.get(order, ORDERS["newest"]), "-id")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page, "q": text, "source": source, "sources": Dataset.Source.choices,
        "order": order if order in ORDERS else "newest", "view": view if view in VIEWS else "grid",
        "is_filtered": bool(text or source), "working_states": WORKING,
    }  # fmt: skip
    return render(request, "datasets/list.html", context)


@login_required
@require_GET
def new_page(request: HttpRequest) -> HttpResponse:
    """Upload an archive, register a folder, or take the sample."""
    return render(request, "datasets/new.html", _new_context(request))


@login_required
@require_GET
def folders_page(request: HttpRequest) -> HttpResponse:
    """A part of the page: what lies in a folder of the server."""
    context: dict[str, Any] = {"place": None, "fault": None}
    try:
        context["place"] = view_folder(request.GET.get("path", ""))
    except CodedError as error:
        context["fault"] = error.as_dict()
    return render(request, "datasets/_folders.html", context)


@login_required
@require_POST
def register_page(request: HttpRequest) -> HttpResponse:
    """Register the chosen folder."""
    form = options_form()
    options = {key: value for key, value in form.values(request.POST).items() if value not in (None, "")}
    try:
        dataset = create_from_folder(
            request.user,  # type: ignore[arg-type]
            request.POST.get("path", ""),
            name=request.POST.get("name", ""),
            description=request.POST.get("description", "")[:10_000],
            options=options,
        )
    except CodedError as error:
        context = {**_new_context(request), "fault": error.as_dict(), "posted": request.POST, "way": "folder"}
        return render(request, "datasets/new.html", context, status=422)
    return redirect("datasets:detail", dataset.id)


@login_required
@require_POST
def sample_page(request: HttpRequest) -> HttpResponse:
    """Bring the sample: a minute later there is something to train on."""
    try:
        dataset = create_sample(request.user)  # type: ignore[arg-type]
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}")
        return redirect("datasets:list")
    return redirect("datasets:detail", dataset.id)


@login_required
@require_GET
def augmentations_page(request: HttpRequest) -> HttpResponse:
    """Saved augmentations."""
    page = Paginator(selectors.visible_augmentations(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    newest = selectors.listed_datasets(request.user).filter(current_version__isnull=False).first()
    return render(request, "datasets/augmentations.html", {"page": page, "newest": newest})


@login_required
@require_POST
def delete_augmentation_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """Delete a saved augmentation."""
    saved = get_object_or_404(selectors.visible_augmentations(request.user), id=id)
    saved.delete()
    messages.success(request, _("Deleted %(name)s.") % {"name": saved.name})
    return redirect("datasets:augmentations")


def options_form(values: dict[str, Any] | None = None) -> Any:
    """How to import, as a form."""
    return build_form(known_options(), values=values or {}, prefix="options")


def _new_context(request: HttpRequest) -> dict[str, Any]:
    ways = ("upload", "folder", "sample")
    way = request.GET.get("way", "upload")
    return {
        "form": options_form(), "way": way if way in ways else "upload", "max_bytes": settings.MAX_UPLOAD_SIZE,
        "has_roots": bool(settings.DATASET_ROOTS),
    }  # fmt: skip
