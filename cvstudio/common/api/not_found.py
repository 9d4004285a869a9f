"""The answer below /api/ for an address that no endpoint has."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from cvstudio.common.api.errors import body


@csrf_exempt  # it changes nothing, and a client should read 404 rather than a CSRF page
def unknown_endpoint(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """404 with the error body and the hint that paths have no trailing slash."""
    hint = "See /api/v1/docs. Paths have no trailing slash."
    return JsonResponse(body("not_found", "There is no such endpoint.", hint=hint, where=request.path), status=404)
