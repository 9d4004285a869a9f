"""Pages of lineage: the images that a weight saw, and the weights that saw an image."""

from __future__ import annotations

import hashlib
import re
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from cvstudio.weights.selectors import versions_for
from cvstudio.weights.sightings import images_seen_by, weights_that_saw

MAX_PICTURE_BYTES = 64 * 2**20
_SHA256 = re.compile(r"[0-9a-f]{64}")


@login_required
@require_GET
def images_page(request: HttpRequest, weight_id: UUID) -> HttpResponse:
    """The images that a version learned from, was chosen by and judged by."""
    version = get_object_or_404(versions_for(request.user), id=weight_id)
    return render(request, "weights/images.html", {"version": version, "seen": images_seen_by(version)})


@login_required
@require_http_methods(["GET", "POST"])
def seen_page(request: HttpRequest) -> HttpResponse:
    """Which weights saw an image, asked by its SHA-256 or by the picture; a script may ask for the list alone."""
    if request.method == "POST":
        return redirect(_address_of_picture(request))
    asked = request.GET.get("sha256", "").strip().lower()
    is_known = bool(_SHA256.fullmatch(asked))
    context: dict[str, Any] = {"asked": asked, "fault": asked and not is_known}
    if is_known:
        context["sightings"] = weights_that_saw(request.user, asked)
    template = "weights/_seen_by.html" if request.headers.get("HX-Request") else "weights/seen.html"
    return render(request, template, context)


def _address_of_picture(request: HttpRequest) -> str:
    """The page that answers for an uploaded picture; nothing of it is kept."""
    address = reverse("weights:seen")
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_PICTURE_BYTES:
        messages.error(request, _("The image is larger than 64 MB."))
        return address
    picture = request.FILES.get("picture")
    if picture is None:
        messages.error(request, _("Choose an image."))
        return address
    digest = hashlib.sha256()
    for chunk in picture.chunks():
        digest.update(chunk)
    return f"{address}?sha256={digest.hexdigest()}"
