"""The overview and the search."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cvstudio.common.overview import doors_for, panels_for
from cvstudio.common.search import find_everywhere

MAX_QUERY = 200


@login_required
def overview_page(request: HttpRequest) -> HttpResponse:
    """Show what runs now, what finished, what needs the person; doors for a newcomer."""
    doors = doors_for(request.user)
    context = {"panels": panels_for(request), "doors": doors, "empty": not any(door["begun"] for door in doors)}
    return render(request, "overview/overview.html", context)


@login_required
def search_page(request: HttpRequest) -> HttpResponse:
    """Show what has this name: a page, or only the results for the search dialog."""
    text = request.GET.get("q", "")[:MAX_QUERY]
    part = bool(request.headers.get("HX-Request"))
    context = {"text": text, "found": find_everywhere(request.user, text, 6 if part else 50)}
    return render(request, "overview/search_results.html" if part else "overview/search.html", context)
