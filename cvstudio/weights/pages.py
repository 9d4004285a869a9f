"""Pages: the library as a tree, one version, an upload."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cvstudio.accounts.current import current_user
from cvstudio.common.quantities import scaled_bytes
from cvstudio.runs.verdicts import verdict_of
from cvstudio.weights.card import card_of
from cvstudio.weights.forms import UploadForm
from cvstudio.weights.presentation import MOST_CLASSES, lineage, predict_calls
from cvstudio.weights.selectors import alias_moves_of, children_of, siblings_of, versions_for, weight_tree
from cvstudio.weights.services.change_weight import change_weight
from cvstudio.weights.services.compare_weights import can_be_compared
from cvstudio.weights.services.delete_weight import delete_weight, preview_deletion
from cvstudio.weights.services.export_weight import can_be_exported, export_weight, exports_of
from cvstudio.weights.services.move_alias import move_alias, remove_alias
from ml_core.errors import CodedError

MOST_EXPORTS = 5
HOW_TO_SAVE = 'from safetensors.torch import save_file\n\nsave_file(model.state_dict(), "model.safetensors")'


@login_required
@require_GET
def library_page(request: HttpRequest) -> HttpResponse:
    """Everything as a tree: architecture, data set, weight, versions."""
    text = request.GET.get("q", "").strip()[:200]
    return render(request, "weights/library.html", {"tree": weight_tree(request.user, text), "q": text})


@login_required
@require_GET
def detail_page(request: HttpRequest, weight_id: UUID) -> HttpResponse:
    """One version: facts, metrics, where it came from, how to use it."""
    version = get_object_or_404(versions_for(request.user), id=weight_id)
    deletion = preview_deletion(version)
    context: dict[str, Any] = {
        "version": version,
        "siblings": list(siblings_of(version)),
        "aliases": version.weight.aliases.select_related("version"),
        "moves": alias_moves_of(version),
        "lineage": lineage(version),
        "children": list(children_of(version, request.user)),
        "classes": version.classes[:MOST_CLASSES],
        "more_classes": max(0, len(version.classes) - MOST_CLASSES),
        "use_url": version.use_url,
        "calls": predict_calls(request.build_absolute_uri("/")[:-1], version.id, version.weight.task),
        "can_compare": can_be_compared(version),
        "can_export": can_be_exported(version),
        "exports": [(run, verdict_of(run)) for run in exports_of(version, request.user)[:MOST_EXPORTS]],
        "deletion": deletion,
        "came_of_it": [found for found in deletion.dependants if found.url != request.path],
    }
    return render(request, "weights/detail.html", context)


@login_required
@require_GET
def card_page(request: HttpRequest, weight_id: UUID) -> HttpResponse:
    """Its model card."""
    version = get_object_or_404(versions_for(request.user), id=weight_id)
    return render(request, "weights/card.html", {"version": version, "card": card_of(version)})


@login_required
@require_GET
def upload_page(request: HttpRequest) -> HttpResponse:
    """The form of an upload; its script sends it to the API."""
    form = UploadForm(request.user, initial={"architecture_version": request.GET.get("architecture_version")})
    context = {"form": form, "max_bytes": settings.MAX_UPLOAD_SIZE, "how_to_save": HOW_TO_SAVE}
    return render(request, "weights/upload.html", context)


@login_required
@require_POST
def change_page(request: HttpRequest, weight_id: UUID) -> HttpResponse:
    """Rename, describe, take notes."""
    version = get_object_or_404(versions_for(request.user), id=weight_id)
    texts = {key: request.POST.get(key, "") for key in ("name", "description", "notes")}
    try:
        change_weight(version, **texts)
        messages.success(request, _("Saved."))
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}")
    return redirect("weights:detail", weight_id)


@login_required
@require_POST
def aliases_page(request: HttpRequest, weight_id: UUID) -> HttpResponse:
    """Give this version an alias, or take one away."""
    version = get_object_or_404(versions_for(request.user), id=weight_id)
    given = request.POST.get("give", "").strip()
    try:
        if given:
            move_alias(version, given, current_user(request))
        else:
            remove_alias(version, request.POST.get("take", ""), current_user(request))
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}")
    return redirect("weights:detail", weight_id)


@login_required
@require_POST
def export_page(request: HttpRequest, weight_id: UUID) -> HttpResponse:
    """Write it for other programs; the answer is the page of that run."""
    version = get_object_or_404(versions_for(request.user), id=weight_id)
    try:
        return redirect("runs:detail", export_weight(version, current_user(request)).id)
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}")
        return redirect("weights:detail", weight_id)


@login_required
@require_POST
def delete_page(request: HttpRequest, weight_id: UUID) -> HttpResponse:
    """Delete a version, with what stands on it when that was confirmed."""
    version = get_object_or_404(versions_for(request.user), id=weight_id)
    name = str(version)
    try:
        deletion = delete_weight(version, with_dependants="dependants" in request.POST)
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}")
        return redirect("weights:detail", weight_id)
    freed = scaled_bytes(deletion.bytes_freed)
    messages.success(request, _("Deleted %(name)s; %(size)s came back.") % {"name": name, "size": freed})
    return redirect("weights:library")
