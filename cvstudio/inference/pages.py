"""Pages: one image, many images, jobs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cvstudio.inference.limits import limits
from cvstudio.inference.models import InferenceJob
from cvstudio.inference.presentation import class_counts, drawings, kept_answers, weight_choices
from cvstudio.inference.selectors import dataset_choices, image_with_version, jobs_for
from cvstudio.inference.services.delete_job import delete_job
from cvstudio.inference.services.draft_labels import can_draft, draft_labels
from cvstudio.inference.services.draw_pictures import draw_pictures
from cvstudio.inference.services.find_answers import has_index, videos_of
from cvstudio.inference.services.read_results import TITLES, kinds_of
from cvstudio.inference.serving.client import is_served
from cvstudio.runs.presentation import actions_of
from cvstudio.runs.services.control_run import control_run
from cvstudio.runs.states import ENDED
from cvstudio.weights.presentation import predict_calls
from ml_core.errors import CodedError

PAGE_SIZE = 30


@login_required
@require_GET
def predict_page(request: HttpRequest) -> HttpResponse:
    """Drop a picture, see what it is."""
    choices = weight_choices(request.user, request.GET.get("weight", ""))
    context: dict[str, Any] = {
        "choices": choices,
        "datasets": dataset_choices(request.user),
        "image": _image(request),
        "is_served": is_served(),
        "max_bytes": limits().max_image_bytes,
        "calls": predict_calls(request.build_absolute_uri("/")[:-1], choices.chosen or "WEIGHT", choices.task),
    }
    return render(request, "inference/predict.html", context)


@login_required
@require_GET
def batch_page(request: HttpRequest) -> HttpResponse:
    """Many images at once; the form's script sends it to the API."""
    context = {
        "choices": weight_choices(request.user, request.GET.get("weight", "")),
        "datasets": dataset_choices(request.user),
        "chosen_dataset": request.GET.get("dataset_version", ""),
        "has_roots": bool(settings.DATASET_ROOTS),
        "max_bytes": settings.MAX_UPLOAD_SIZE,
    }
    return render(request, "inference/batch.html", context)


@login_required
@require_GET
def jobs_page(request: HttpRequest) -> HttpResponse:
    """All jobs, newest first."""
    kind = request.GET.get("kind", "")
    jobs = jobs_for(request.user)
    if kind in InferenceJob.Kind.values:
        jobs = jobs.filter(kind=kind)
    page = Paginator(jobs, PAGE_SIZE).get_page(request.GET.get("page"))
    working = any(job.run is not None and job.run.state not in ENDED for job in page)
    context = {"page": page, "kind": kind, "kinds": InferenceJob.Kind.choices, "is_working": working}
    template = "inference/_jobs_table.html" if request.headers.get("X-Poll") else "inference/jobs.html"
    return render(request, template, context)


@login_required
@require_GET
def job_page(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """One job with its answers, or how far it is."""
    job = get_object_or_404(jobs_for(request.user), id=job_id)
    context = {
        "job": job,
        "counts": class_counts(job),
        "can_draft": can_draft(job),
        "kinds": [(kind, TITLES[kind]) for kind in kinds_of(job)],
        "has_index": has_index(job),
        "class_names": job.weight_version.classes,
        "videos": videos_of(job),
        **drawings(job, request.user),
        "predictions": kept_answers(job),
        "is_working": job.run is not None and job.run.state not in ENDED,
        "actions": actions_of(job.run) if job.run else [],
    }
    template = "inference/_job.html" if request.headers.get("X-Poll") else "inference/job.html"
    return render(request, template, context)


@login_required
@require_POST
def draft_labels_page(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Make drafts of labels from a batch, and show the data set."""
    job = get_object_or_404(jobs_for(request.user), id=job_id)
    try:
        made = draft_labels(job, _threshold(request))
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}")
        return redirect("inference:job", job_id)
    messages.success(request, _("Version %(number)s is on its way: what was found, as labels to look over.")
                     % {"number": made.number})  # fmt: skip
    return redirect("datasets:detail", made.dataset_id)


@login_required
@require_POST
def control_page(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Pause, resume or stop the run of a batch."""
    job = get_object_or_404(jobs_for(request.user).exclude(run=None), id=job_id)
    try:
        control_run(job.run, request.POST.get("action", ""))  # type: ignore[arg-type]
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}")
    return redirect("inference:job", job_id)


@login_required
@require_http_methods(["GET", "POST"])
def pictures_page(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """The drawings of a batch; a form starts another one."""
    job = get_object_or_404(jobs_for(request.user), id=job_id)
    if request.method == "POST":
        classes = [int(text) for text in request.POST.getlist("classes") if text.isdecimal() and len(text) < 9]
        try:
            draw_pictures(job, request.user, threshold=_threshold(request) or 0.0, classes=classes)  # type: ignore[arg-type]
        except CodedError as error:
            messages.error(request, f"{error.message} {error.hint}")
        return redirect("inference:job", job_id)
    return render(request, "inference/_pictures.html", drawings(job, request.user))


@login_required
@require_POST
def delete_job_page(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Delete a job; its run stays."""
    job = get_object_or_404(jobs_for(request.user), id=job_id)
    try:
        delete_job(job)
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}")
        return redirect("inference:job", job_id)
    messages.success(request, _("The job is deleted."))
    return redirect("inference:jobs")


def _image(request: HttpRequest) -> Any:
    """The image of a data set that the address names, when the person may see it."""
    try:
        return image_with_version(request.user, UUID(request.GET.get("image", "")))
    except ValueError:
        return None


def _threshold(request: HttpRequest) -> float | None:
    """Where the slider stands; a text that is no probability counts as none."""
    try:
        value = float(request.POST.get("threshold", ""))
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None
