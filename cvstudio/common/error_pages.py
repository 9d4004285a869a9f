"""Pages for 400, 403, 404 and 500; below /api/ the same failures have the API's error body."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader

from cvstudio.common.api.errors import body, unexpected_body

logger = logging.getLogger("cvstudio.pages")


def is_api(request: HttpRequest) -> bool:
    """Whether a program asked."""
    return request.path.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: a malformed request that Django itself refused."""
    if is_api(request):
        return JsonResponse(body("bad_request", "The request is malformed."), status=400)
    return render(request, "404.html", {"bad_request": True}, status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    if is_api(request):
        return JsonResponse(body("permission_denied", "You may not do this."), status=403)
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    if is_api(request):
        return JsonResponse(body("not_found", "There is no such address."), status=404)
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: rendered without the request, whose session or user may be what failed."""
    content = unexpected_body()
    logger.error("%s at %s %s", content["where"], request.method, request.path)
    if is_api(request):
        return JsonResponse(content, status=500)
    try:
        page = str(loader.render_to_string("500.html", {"trace": content["where"]}))
    except Exception:  # noqa: BLE001 - the last border: what failed may be the templates themselves
        page = f"{content['message']} {content['where']}"
    return HttpResponse(page, status=500)
