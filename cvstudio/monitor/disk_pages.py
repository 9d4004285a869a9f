"""The page of the disk: what takes room, what would come back, deletion."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cvstudio.common.quantities import scaled_bytes
from cvstudio.monitor.disk.free import SHOWN, free, plan_of, uses_of
from cvstudio.monitor.machine import read_disks
from ml_core.errors import CodedError


@login_required
@require_http_methods(["GET", "POST"])
def disk_page(request: HttpRequest) -> HttpResponse:
    """List what takes room; a form with chosen things first shows what would come back, and then deletes them."""
    if request.method == "POST":
        return _answer(request, request.POST.getlist("key"))
    uses = uses_of(request.user, fresh="fresh" in request.GET)
    context: dict[str, Any] = {
        "disks": read_disks(), "uses": uses, "largest": max((use.bytes for use in uses), default=0), "shown": SHOWN,
    }  # fmt: skip
    return render(request, "monitor/disk.html", context)


def _answer(request: HttpRequest, keys: list[str]) -> HttpResponse:
    if not keys:
        messages.error(request, _("Choose what may go."))
        return redirect("monitor:disk")
    try:
        if "sure" not in request.POST:
            return render(request, "monitor/disk_plan.html", {"plan": plan_of(request.user, keys), "keys": keys})
        plan = free(request.user, keys)
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}")
        return redirect("monitor:disk")
    if any(item.reason for item in plan.items):
        return render(request, "monitor/disk_plan.html", {"plan": plan, "keys": keys})
    messages.success(request, _("%(size)s came back.") % {"size": scaled_bytes(plan.freed)})
    return redirect("monitor:disk")
