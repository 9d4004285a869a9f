"""The page that answers for one star: drop its files, see what it is. Nothing is kept."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cvstudio.inference.limits import limits
from cvstudio.inference.serving.client import is_served
from stellar import selectors
from stellar.model_presentation import ids_of

MOST_CHOICES = 200


@login_required
@require_GET
def classify_page(request: HttpRequest) -> HttpResponse:
    """Choose a classifier, drop a spectrum and a picture."""
    classifiers = list(selectors.listed_classifiers(request.user)[:MOST_CHOICES])
    wished = ids_of([request.GET.get("classifier", "")])
    known = {version.id for version in classifiers}
    chosen = next((one for one in wished if one in known), classifiers[0].id if classifiers else None)
    context: dict[str, Any] = {
        "classifiers": classifiers, "chosen": str(chosen), "is_served": is_served(),
        "max_bytes": limits().max_image_bytes,
    }  # fmt: skip
    return render(request, "stellar/classify.html", context)
