"""Training a detector: choose scenes and a preset, then follow the chain of runs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cvstudio.accounts.current import current_user
from hsi import selectors
from hsi.detect_pages import ids_of, ready_scenes
from hsi.errors import NotFoundError
from hsi.models import Pipeline
from hsi.pipeline_view import estimate_view, pipeline_row, preset_cards, stage_views
from hsi.services.control_pipeline import control_pipeline
from hsi.services.delete_pipeline import delete_pipeline
from hsi.services.start_pipeline import start_pipeline
from ml_core.errors import CodedError

PAGE_SIZE = 24


@login_required
@require_GET
def list_page(request: HttpRequest) -> HttpResponse:
    """All chains, newest first."""
    page = Paginator(selectors.listed_pipelines(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "hsi/pipelines.html", {"page": page, "rows": [pipeline_row(one) for one in page]})


@login_required
@require_http_methods(["GET", "POST"])
def new_page(request: HttpRequest) -> HttpResponse:
    """The wizard."""
    if request.method == "POST":
        try:
            return redirect("hsi:pipeline", _start(request).id)
        except CodedError as error:
            return render(request, "hsi/pipeline_new.html", _context(request, error.as_dict()), status=422)
    return render(request, "hsi/pipeline_new.html", _context(request, None))


@login_required
@require_GET
def estimate_page(request: HttpRequest) -> HttpResponse:
    """A part of the wizard: how long the choice will take."""
    return render(request, "hsi/_estimate.html", {"estimate": estimate_view(request.GET, ready_scenes(request))})


@login_required
@require_GET
def pipeline_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """The stages of a chain as steps, with live curves of the one that runs."""
    return render(request, "hsi/pipeline.html", _pipeline_context(request, id))


@login_required
@require_GET
def stages_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """A part of the page that keeps itself fresh while the chain goes on."""
    return render(request, "hsi/_stages.html", _pipeline_context(request, id))


@login_required
@require_POST
def action_page(request: HttpRequest, id: UUID, action: str) -> HttpResponse:
    """Buttons: pause, resume, stop, retry, delete."""
    pipeline = _found(request, id)
    try:
        if action == "delete":
            delete_pipeline(pipeline)
            messages.success(request, _("Deleted %(name)s. Its weights and maps stay.") % {"name": pipeline.name})
            return redirect("hsi:pipelines")
        control_pipeline(pipeline, action)
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    return redirect("hsi:pipeline", id)


def _start(request: HttpRequest) -> Pipeline:
    post = request.POST
    ready = {scene.id: scene for scene in ready_scenes(request)}
    learn, targets = (
        [ready[one] for one in ids_of(post.getlist(name)) if one in ready] for name in ("scene", "target")
    )
    tokenizer, encoder = (
        _weight(request, *pair) for pair in (("tokenizer", "hsi.tokenizer"), ("encoder", "hsi.pretrain"))
    )
    return start_pipeline(
        current_user(request), name=post.get("name", ""), preset=post.get("preset", ""), scenes=learn,
        targets=targets, settings={}, tokenizer=tokenizer, encoder=encoder,
    )  # fmt: skip


def _weight(request: HttpRequest, field: str, task: str) -> Any:
    chosen = ids_of([request.POST.get(field, "")])
    return selectors.weights_of(request.user, task).filter(id__in=chosen).first() if chosen else None


def _context(request: HttpRequest, fault: dict[str, Any] | None) -> dict[str, Any]:
    scenes = ready_scenes(request)
    posted = request.method == "POST"
    given = request.POST if posted else request.GET
    all_ids = [str(scene.id) for scene in scenes]
    body = {"name": "", "preset": "cpu", "scenes": all_ids[:3], "targets": all_ids[:3]}
    return {
        "scenes": scenes, "api_body": body, "fault": fault, "posted": given, "presets": preset_cards(scenes),
        "chosen_preset": given.get("preset", "cpu"),
        "learn": given.getlist("scene") if posted or given.getlist("scene") else all_ids,
        "targets": given.getlist("target") if posted or given.getlist("target") else all_ids,
        "tokenizers": selectors.weights_of(request.user, "hsi.tokenizer")[:50],
        "encoders": selectors.weights_of(request.user, "hsi.pretrain")[:50],
        "estimate": estimate_view(given, scenes),
    }  # fmt: skip


def _pipeline_context(request: HttpRequest, pipeline_id: UUID) -> dict[str, Any]:
    pipeline = _found(request, pipeline_id)
    stages = stage_views(pipeline)
    return {
        "pipeline": pipeline, "stages": stages, **pipeline_row(pipeline),
        "current": next((stage for stage in stages if stage["is_live"]), None),
        "stages_url": reverse("hsi:pipeline-stages", args=[pipeline.id]),
    }  # fmt: skip


def _found(request: HttpRequest, pipeline_id: UUID) -> Pipeline:
    try:
        return selectors.visible_pipeline(request.user, pipeline_id)
    except NotFoundError as error:
        raise Http404 from error
