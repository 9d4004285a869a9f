"""The page of the machine."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cvstudio.monitor.machine import facts


@login_required
def system_page(request: HttpRequest) -> HttpResponse:
    """Show what the machine does; the numbers come through the socket."""
    return render(request, "monitor/system.html", {"facts": facts()})
