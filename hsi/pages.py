"""Pages: the grid of scenes, a new scene, sensors."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cvstudio.accounts.current import current_user
from hsi import selectors
from hsi.forms import SensorForm
from hsi.models import Scene
from hsi.presentation import scene_cards, sensor_values
from hsi.services.create_scene import create_from_folder, create_sample
from hsi.services.sensors import change_sensor, create_sensor, delete_sensor
from ml_core.errors import CodedError

PAGE_SIZE = 24
ORDERS = {"newest": ("-created_at", "-id"), "name": ("name", "id"), "size": ("-size_bytes", "-id")}


@login_required
@require_GET
def list_page(request: HttpRequest) -> HttpResponse:
    """All scenes as cards: what they look like, and the newest map of each."""
    query = request.GET
    filters = {key: query.get(key, "").strip()[:200] for key in ("q", "sensor", "mask", "state")}
    rows = _filtered(selectors.listed_scenes(request.user), filters)
    order = query.get("order", "newest")
    page = Paginator(rows.order_by(*ORDERS.get(order, ORDERS["newest"])), PAGE_SIZE).get_page(query.get("page"))
    context = {
        "page": page, "cards": scene_cards(page.object_list), "filters": filters, "order": order,
        "is_filtered": any(filters.values()), "sensors": selectors.listed_sensors(request.user),
        "states": Scene.State.choices,
    }  # fmt: skip
    return render(request, "hsi/list.html", context)


@login_required
@require_GET
def new_page(request: HttpRequest) -> HttpResponse:
    """Upload files, register a folder, or take the sample."""
    return render(request, "hsi/new.html", _new_context(request))


@login_required
@require_POST
def register_page(request: HttpRequest) -> HttpResponse:
    """Look into a folder of the server; what was found is confirmed on the page of the scene."""
    try:
        name = request.POST.get("name", "")
        scene = create_from_folder(current_user(request), request.POST.get("path", ""), name=name)
    except CodedError as error:
        context = {**_new_context(request), "fault": error.as_dict(), "posted": request.POST, "way": "folder"}
        return render(request, "hsi/new.html", context, status=422)
    return redirect("hsi:detail", scene.id)


@login_required
@require_POST
def sample_page(request: HttpRequest) -> HttpResponse:
    """Bring the sample: a simulated scene with known anomalies."""
    try:
        scene = create_sample(current_user(request))
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}")
        return redirect("hsi:list")
    return redirect("hsi:detail", scene.id)


@login_required
@require_http_methods(["GET", "POST"])
def sensors_page(request: HttpRequest) -> HttpResponse:
    """All sensors; one form adds, changes or deletes."""
    form = SensorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, _write_sensor(request, form.cleaned_data))
        except CodedError as error:
            messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect("hsi:sensors")
    sensors = list(selectors.listed_sensors(request.user))
    context = {"sensors": sensors, "form": form, "sensor_values": sensor_values(sensors)}
    return render(request, "hsi/sensors.html", context, status=422 if form.errors else 200)


def _write_sensor(request: HttpRequest, values: dict[str, Any]) -> str:
    """Do what the form says; the sentence that tells it."""
    chosen, is_delete = values.pop("id"), values.pop("delete")
    sensor = selectors.visible_sensor(request.user, chosen) if chosen else None
    if sensor is None:
        return _("%(name)s is added.") % {"name": create_sensor(current_user(request), **values).name}
    if is_delete:
        delete_sensor(sensor)
        return _("%(name)s is deleted; its scenes stay.") % {"name": sensor.name}
    return _("%(name)s is changed.") % {"name": change_sensor(sensor, **values).name}


def _filtered(rows: Any, filters: dict[str, str]) -> Any:
    if filters["q"]:
        rows = rows.filter(name__icontains=filters["q"])
    if filters["sensor"]:
        rows = rows.filter(sensor__name=filters["sensor"])
    if filters["mask"] in ("yes", "no"):
        rows = rows.filter(has_mask=filters["mask"] == "yes")
    if filters["state"] in Scene.State.values:
        rows = rows.filter(state=filters["state"])
    return rows


def _new_context(request: HttpRequest) -> dict[str, Any]:
    ways = ("upload", "folder", "sample")
    way = request.GET.get("way", "upload")
    return {
        "way": way if way in ways else "upload",
        "max_bytes": settings.MAX_UPLOAD_SIZE,
        "has_roots": bool(settings.DATASET_ROOTS),
    }
