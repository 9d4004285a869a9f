"""Anomaly maps: the page of one, and several side by side."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cvstudio.common.quantities import scaled_bytes
from cvstudio.runs.services.control_run import control_run
from hsi import selectors
from hsi.comparison import compare_view
from hsi.detect_pages import ids_of
from hsi.errors import NotFoundError
from hsi.models import AnomalyMap
from hsi.presentation import is_working, map_boot, map_title, method_rows, method_title
from hsi.services.delete_map import delete_map
from ml_core.errors import CodedError

FORMATS = (
    ("npy", "NumPy (.npy)"), ("geotiff", "GeoTIFF (.tif)"), ("envi", "ENVI (.hdr + .img)"),
    ("png", "PNG"), ("csv", "CSV"),
)  # fmt: skip


@login_required
@require_GET
def map_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """The map over the image, with everything that helps to judge it; or how far it is."""
    found = _found(request, id)
    context = {
        "map": found,
        "is_working": is_working(found.run),
        "title": map_title(found),
        "asked": [method_title(name) for name in found.asked],
        "methods": method_rows(found),
        "boot": map_boot(found) if found.state == AnomalyMap.State.READY else None,
        "formats": FORMATS,
        "siblings": selectors.listed_maps(request.user).filter(scene=found.scene).exclude(id=found.id)[:8],
    }
    return render(request, "hsi/map.html", context)


@login_required
@require_GET
def progress_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """A part of the page that keeps itself fresh while the maps are made."""
    found = _found(request, id)
    asked = [method_title(name) for name in found.asked]
    context = {"map": found, "is_working": is_working(found.run), "asked": asked}
    return render(request, "hsi/_map_progress.html", context)


@login_required
@require_POST
def action_page(request: HttpRequest, id: UUID, action: str) -> HttpResponse:
    """Buttons: stop, resume, delete."""
    found = _found(request, id)
    try:
        if action == "delete":
            scene_url, frees = reverse("hsi:detail", args=[found.scene_id]), delete_map(found)
            messages.success(request, _("The map is deleted; %(size)s came back.") % {"size": scaled_bytes(frees)})
            return redirect(scene_url)
        if action in ("stop", "resume") and found.run is not None:
            control_run(found.run, action)
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    return redirect("hsi:detection", id)


@login_required
@require_GET
def compare_page(request: HttpRequest) -> HttpResponse:
    """Methods and runs side by side for one scene; methods against scenes in a table."""
    wanted = ids_of(request.GET.get("ids", "").split(","))
    context = compare_view(request.user, wanted, request.GET.get("scene", ""))
    return render(request, "hsi/compare.html", context)


def _found(request: HttpRequest, map_id: UUID) -> Any:
    try:
        return selectors.visible_map(request.user, map_id)
    except NotFoundError as error:
        raise Http404 from error
