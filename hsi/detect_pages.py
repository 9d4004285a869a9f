"""The page that starts detections: which scenes, which methods."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from cvstudio.accounts.current import current_user
from hsi import selectors
from hsi.errors import SceneError
from hsi.models import Scene
from hsi.presentation import CLASSIC, METHODS
from hsi.services.detect import run_detection
from ml_core.errors import CodedError

QUICK = ("global_rx", "local_rx", "iforest", "morphological")


@login_required
@require_http_methods(["GET", "POST"])
def detect_page(request: HttpRequest) -> HttpResponse:
    """Choose and start."""
    if request.method == "POST":
        try:
            return redirect(_start(request))
        except CodedError as error:
            return render(request, "hsi/detect.html", _context(request, request.POST, error.as_dict()), status=422)
    return render(request, "hsi/detect.html", _context(request, request.GET, None))


def _start(request: HttpRequest) -> str:
    wanted = {*ids_of(request.POST.getlist("scene"))}
    scenes = [scene for scene in ready_scenes(request) if scene.id in wanted]
    if not scenes:
        raise SceneError("Choose at least one scene.", hint="Only scenes that are ready can be chosen.", where="scene")
    methods = [name for name in request.POST.getlist("method") if name in CLASSIC]
    chosen = ids_of([request.POST.get("detector", "")])
    detector = selectors.weights_of(request.user, "hsi.anomaly").filter(id__in=chosen).first() if chosen else None
    made = run_detection(current_user(request), scenes, methods=methods, detector=detector)
    if len(made) == 1:
        return reverse("hsi:detection", args=[made[0].id])
    return f"{reverse('hsi:compare')}?ids={','.join(str(found.id) for found in made)}"


def _context(request: HttpRequest, chosen: Any, fault: dict[str, Any] | None) -> dict[str, Any]:
    posted = request.method == "POST"
    methods = chosen.getlist("method") if posted else QUICK
    detectors = list(selectors.weights_of(request.user, "hsi.anomaly")[:50])
    scenes = ready_scenes(request)
    return {
        "scenes": scenes,
        "api_body": {"scenes": [str(scene.id) for scene in scenes[:1]], "methods": list(QUICK), "detector": None},
        "chosen_scenes": [str(one) for one in ids_of(chosen.getlist("scene"))],
        "methods": [(name, METHODS[name], text, name in methods) for name, text in CLASSIC.items()],
        "detectors": detectors,
        "chosen_detector": chosen.get("detector", "" if posted or not detectors else str(detectors[0].id)),
        "fault": fault,
    }


def ready_scenes(request: HttpRequest) -> list[Scene]:
    """The scenes that methods can be run on."""
    return list(selectors.listed_scenes(request.user).filter(state=Scene.State.READY)[:200])


def ids_of(texts: list[str]) -> list[UUID]:
    """What of the texts is an id."""
    found = []
    for text in texts[:200]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
