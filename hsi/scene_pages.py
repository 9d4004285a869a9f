"""The page of one scene: what was found in its files, its import, and then the image itself."""

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

from cvstudio.accounts.current import current_user
from cvstudio.common.quantities import scaled_bytes
from cvstudio.runs.services.control_run import control_run
from hsi import selectors
from hsi.errors import NotFoundError
from hsi.inspection import inspection_view
from hsi.models import Scene
from hsi.numbers import parse_numbers, parse_ranges
from hsi.presentation import is_working, map_rows, scene_boot, scene_facts
from hsi.services.change_scene import change_scene
from hsi.services.confirm_scene import confirm_scene
from hsi.services.delete_scene import delete_scene, dependents_of
from ml_core.errors import CodedError


@login_required
@require_GET
def scene_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """Whatever the scene's state asks for."""
    scene = found_scene(request, id)
    if scene.state == Scene.State.INSPECTED:
        return render(request, "hsi/inspect.html", {**_head(request, scene), **inspection_view(scene)})
    context = {
        **_head(request, scene),
        "boot": scene_boot(scene),
        "facts": scene_facts(scene),
        "maps": map_rows(selectors.listed_maps(request.user).filter(scene=scene)[:12]),
    }
    return render(request, "hsi/scene.html", context)


@login_required
@require_GET
def import_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """A part of the page that keeps itself fresh while an import goes on."""
    scene = found_scene(request, id)
    return render(request, "hsi/_import.html", {"scene": scene, "is_working": is_working(scene.import_run)})


@login_required
@require_POST
def action_page(request: HttpRequest, id: UUID, action: str) -> HttpResponse:
    """Buttons: confirm, retry, stop, change, bad bands, delete."""
    handler = _ACTIONS.get(action)
    if handler is None:
        raise Http404
    scene = found_scene(request, id)
    try:
        return redirect(handler(request, scene))
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect("hsi:detail", id)


def found_scene(request: HttpRequest, scene_id: UUID) -> Scene:
    """The scene of an address.

    Raises:
        Http404: There is none for this person.
    """
    try:
        return selectors.visible_scene(request.user, scene_id)
    except NotFoundError as error:
        raise Http404 from error


def _head(request: HttpRequest, scene: Scene) -> dict[str, Any]:
    return {
        "scene": scene,
        "is_working": is_working(scene.import_run),
        "sensors": selectors.listed_sensors(request.user),
        "dependents": dependents_of(scene, current_user(request)),
    }


def _confirm(request: HttpRequest, scene: Scene) -> str:
    post = request.POST
    cube_file, cube_key = _pair(post.get("cube", ""))
    mask_file, mask_key = _pair(post.get("mask", ""))
    wavelengths = parse_numbers(post.get("wavelengths", ""))
    confirm_scene(
        scene, name=post.get("name", ""), sensor=_sensor(request), wavelengths=wavelengths or None,
        cube_file=cube_file, cube_key=cube_key, axis_order=post.get("axis_order", ""),
        mask_file=mask_file, mask_key=mask_key, mask_order="", use_mask=bool(mask_file),
    )  # fmt: skip
    return _address(scene)


def _retry(request: HttpRequest, scene: Scene) -> str:
    confirm_scene(scene)
    return _address(scene)


def _stop(request: HttpRequest, scene: Scene) -> str:
    if scene.import_run is not None:
        control_run(scene.import_run, "stop")
    return _address(scene)


def _change(request: HttpRequest, scene: Scene) -> str:
    text = request.POST.get("description", "")[:10_000]
    change_scene(scene, name=request.POST.get("name", ""), description=text, sensor=_sensor(request))
    return _address(scene)


def _bad_bands(request: HttpRequest, scene: Scene) -> str:
    change_scene(scene, bad_bands=parse_ranges(request.POST.get("bad_bands", "")))
    messages.success(request, _("The bad bands are saved. Maps made from now on leave them out."))
    return _address(scene)


def _delete(request: HttpRequest, scene: Scene) -> str:
    frees = delete_scene(scene, current_user(request))
    facts = {"name": scene.name, "size": scaled_bytes(frees)}
    messages.success(request, _("Deleted %(name)s; %(size)s came back.") % facts)
    return reverse("hsi:list")


def _address(scene: Scene) -> str:
    return reverse("hsi:detail", args=[scene.id])


def _pair(value: str) -> tuple[str, str]:
    """The file and the key of a choice: `file|key`, the form of the radio buttons."""
    file, _bar, key = value.partition("|")
    return file[:1000], key[:1000]


def _sensor(request: HttpRequest) -> Any:
    """The sensor that the form names, or None."""
    try:
        return selectors.visible_sensor(request.user, UUID(request.POST.get("sensor", "")))
    except (ValueError, NotFoundError):
        return None


_ACTIONS = {
    "confirm": _confirm, "retry": _retry, "stop": _stop, "change": _change, "bad-bands": _bad_bands,
    "delete": _delete,
}  # fmt: skip
