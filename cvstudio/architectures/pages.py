"""Pages: the list, a new architecture, the editor."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cvstudio.accounts.models import User
from cvstudio.architectures import selectors
from cvstudio.architectures.catalogue import translated_operators, translated_templates
from cvstudio.architectures.errors import InUseError
from cvstudio.architectures.forms import EMPTY, FILE, NETWORK, NewArchitectureForm
from cvstudio.architectures.models import Architecture
from cvstudio.architectures.services.check_document import check_document
from cvstudio.architectures.services.create_architecture import (
    create_architecture,
    document_from_template,
    empty_document,
)
from cvstudio.architectures.services.delete_architecture import delete_architecture
from cvstudio.architectures.services.import_network import architecture_of, start_network_import
from cvstudio.runs.models import Run
from ml_core.errors import CodedError

PAGE_SIZE = 24
ORDERS = {"updated": "-updated_at", "name": "name", "created": "-created_at"}


@login_required
@require_GET
def list_page(request: HttpRequest) -> HttpResponse:
    """Cards of all architectures, with a search and an order in the address."""
    rows = selectors.listed_architectures(request.user)
    search, order = request.GET.get("q", "").strip()[:200], request.GET.get("order", "updated")
    if search:
        rows = rows.filter(name__icontains=search)
    order = order if order in ORDERS else "updated"
    page = Paginator(rows.order_by(ORDERS[order], "-id"), PAGE_SIZE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {"page": page, "q": search, "order": order}
    if not page.paginator.count and not search:
        context["starters"] = starters()
    return render(request, "architectures/list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new_page(request: HttpRequest) -> HttpResponse:
    """Start from a template, an empty canvas or a file."""
    start = request.GET.get("start", "lenet")
    form = NewArchitectureForm(request.POST or None, request.FILES or None, initial={"start": start})
    if request.method == "POST" and form.is_valid():
        try:
            if form.cleaned_data["start"] == NETWORK:
                return redirect("architectures:imported", _start_import(request, form.cleaned_data).id)
            architecture = create_architecture(
                cast(User, request.user),
                document=_document_of(form.cleaned_data),
                name=form.cleaned_data["name"],
            )
        except CodedError as error:
            form.add_error("file" if form.cleaned_data["start"] == FILE else None, f"{error.message} {error.hint}")
        else:
            return redirect("architectures:editor", architecture.id)
    context = {
        "form": form,
        "starters": starters(),
        "start": form["start"].value(),
        "EMPTY": EMPTY,
        "FILE": FILE,
        "NETWORK": NETWORK,
    }
    return render(request, "architectures/new.html", context, status=422 if form.errors else 200)


def _document_of(form: dict[str, Any]) -> object:
    name = form["name"].strip()
    if form["start"] == FILE:
        content: bytes = form["file"].read()
        return content
    if form["start"] == EMPTY:
        return empty_document(name)
    shape = (form["channels"], form["height"], form["width"])
    return document_from_template(form["start"], input_shape=shape, classes=form["classes"], name=name)


@login_required
@require_GET
def editor_page(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """The graph on its canvas; everything after this goes through the API."""
    architecture = get_object_or_404(selectors.visible_architectures(request.user), pk=id)
    context = {"architecture": architecture, "boot": boot_data(architecture)}
    return render(request, "architectures/editor.html", context)


def boot_data(architecture: Architecture) -> dict[str, Any]:
    """What the editor starts with, so that it needs no request before the first drawing."""
    version = architecture.current_version
    assert version is not None
    names = ("analyze", "generate")
    urls = {name: reverse(f"api-models-{name}") for name in names}
    own = {"self": "detail", "view": "view", "versions": "versions"}
    urls |= {key: reverse(f"api-models-{name}", args=[architecture.id]) for key, name in own.items()}
    return {
        "id": str(architecture.id),
        "version": version.number,
        "graph": {**version.document, "name": architecture.name},
        "view": architecture.view,
        "description": architecture.description,
        "operators": translated_operators(),
        "urls": urls,
    }


@login_required
@require_POST
def duplicate_page(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """A copy under a new name, owned by who asks."""
    source = get_object_or_404(selectors.visible_architectures(request.user), pk=id)
    assert source.current_version is not None
    name = (_("%(name)s (copy)") % {"name": source.name})[:200]
    copy = create_architecture(
        cast(User, request.user),
        document={**source.current_version.document, "name": name},
        name=name,
        description=source.description,
        view=source.view,
    )
    messages.success(request, _("Copied."))
    return redirect("architectures:editor", copy.id)


@login_required
@require_POST
def delete_page(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Delete, or say what depends on it."""
    architecture = get_object_or_404(Architecture.objects.visible_to(request.user), pk=id)
    try:
        delete_architecture(architecture, request.user)
    except InUseError as error:
        messages.error(request, f"{error.message} {error.hint}")
        return redirect("architectures:editor", id)
    messages.success(request, _("Deleted %(name)s.") % {"name": architecture.name})
    return redirect("architectures:list")


def starters() -> list[dict[str, Any]]:
    """Starter templates with their drawing and size, for the cards."""
    return [{**entry, "facts": check_document(entry["document"]).facts} for entry in translated_templates()]


@login_required
@require_GET
def imported_page(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Lead to the architecture that a run makes of a network, or to the run while it is at work."""
    run = get_object_or_404(Run.objects.visible_to(request.user), id=run_id)
    if Architecture.objects.visible_to(request.user).filter(id=architecture_of(run)).exists():
        return redirect("architectures:editor", architecture_of(run))
    return redirect("runs:detail", run_id)


def _start_import(request: HttpRequest, form: dict[str, Any]) -> Run:
    sizes = {key: form[key] for key in ("classes", "height", "width")}
    return start_network_import(cast(User, request.user), network=form["network"], name=form["name"], **sizes)
