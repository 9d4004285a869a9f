"""The page of one data set: its tabs, its progress, its buttons."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cvstudio.common.quantities import scaled_bytes
from cvstudio.datasets import selectors
from cvstudio.datasets.models import Dataset, DatasetVersion
from cvstudio.datasets.page_head import found, head, import_context
from cvstudio.datasets.pages import options_form
from cvstudio.datasets.presentation import (
    WORKING,
    address,
    balance,
    class_rows,
    examples,
    extremes,
    plot_data,
    plot_titles,
    preview_size,
    readings_shown,
)
from cvstudio.datasets.services.change_dataset import change_dataset
from cvstudio.datasets.services.choose_version import choose_version
from cvstudio.datasets.services.delete_dataset import delete_dataset
from cvstudio.datasets.services.retry_import import import_again, read_otherwise, retry_import
from cvstudio.datasets.services.revise_version import revise_version
from cvstudio.datasets.services.start_doubts import DEFAULT_FOLDS, start_doubts
from cvstudio.datasets.services.start_export import start_export
from cvstudio.datasets.services.start_statistics import start_statistics
from cvstudio.runs.services.control_run import control_run
from ml_core.data.augment import PRESETS, catalogue
from ml_core.data.augment_operations import MAX_OPERATIONS
from ml_core.errors import CodedError


@login_required
@require_GET
def overview_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """What the data set holds, and where its import stands."""
    dataset, version = found(request, id)
    context = {
        **head(request, dataset, version, "detail"),
        "classes": class_rows(dataset, version),
        "examples": examples(dataset, version),
        "balance": balance(version),
        "readings": readings_shown(version),
        "images_url": address("images", dataset, version),
        "runs": selectors.runs_of(version, request.user)[:5],
    }
    return render(request, "datasets/detail.html", context)


@login_required
@require_GET
def import_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """A part of the page that keeps itself fresh while an import goes on."""
    dataset, version = found(request, id)
    return render(request, "datasets/_import.html", import_context(dataset, version))


@login_required
@require_GET
def statistics_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """What was measured: findings first, then plots and extremes."""
    dataset, version = found(request, id)
    measured = selectors.statistics_of(version)
    run = version.statistics_run
    context = {
        **head(request, dataset, version, "statistics"),
        "measured": measured,
        "health_url": address("health", dataset, version),
        "extremes": extremes(version, measured),
        "plots": plot_data(measured, version),
        "plot_titles": plot_titles(version),
        "run": run,
        "is_measuring": run is not None and run.state in WORKING,
    }
    return render(request, "datasets/statistics.html", context)


@login_required
@require_GET
def measuring_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """A part of the page that keeps itself fresh while a measurement goes on."""
    dataset, version = found(request, id)
    run = version.statistics_run
    is_measuring = run is not None and run.state in WORKING
    context = {"dataset": dataset, "version": version, "run": run, "is_measuring": is_measuring}
    return render(request, "datasets/_measuring.html", context)


@login_required
@require_GET
def augmentation_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """Choose operations, and see what they do."""
    dataset, version = found(request, id)
    saved = list(selectors.visible_augmentations(request.user)[:100])
    first = list(version.images.filter(split="train").order_by("position")[:12])
    boot = {
        "operations": catalogue(), "presets": PRESETS, "most": MAX_OPERATIONS, "version": version.number,
        "classes": version.classes,
        "saved": [{"id": str(row.id), "name": row.name, "operations": row.operations} for row in saved],
        "urls": {"preview": reverse("api-datasets-augment", args=[id]), "saved": reverse("api-augmentations-list"),
                 "train": f"{reverse('training:new')}?dataset_version={version.id}"},
    }  # fmt: skip
    context = {
        **head(request, dataset, version, "augmentation"),
        "boot": boot,
        "first": first,
        "preview_size": preview_size(first),
        "is_grey": bool(first) and all(image.mode in ("L", "1") for image in first),
        "example": {"operations": PRESETS["standard"], "seed": 0, "epoch": 0},
    }
    return render(request, "datasets/augmentation.html", context)


@login_required
@require_GET
def versions_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """Every version with its fingerprint and rejects."""
    dataset, version = found(request, id)
    context = {
        **head(request, dataset, version, "versions"),
        "versions": selectors.versions_of(dataset),
        "form": options_form(version.options),
        "max_bytes": settings.MAX_UPLOAD_SIZE,
    }
    return render(request, "datasets/versions.html", context)


@login_required
@require_POST
def action_page(request: HttpRequest, id: UUID, action: str) -> HttpResponse:
    """Buttons: retry, stop, resume, measure, new version, rename, delete."""
    handler = _ACTIONS.get(action)
    if handler is None:
        raise Http404
    dataset, version = found(request, id)
    try:
        return redirect(handler(request, dataset, version))
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect("datasets:detail", id)


def _retry(request: HttpRequest, dataset: Dataset, version: DatasetVersion) -> str:
    retry_import(version, {"accept_rejects": True} if request.POST.get("accept_rejects") else {})
    return address("detail", dataset, version)


def _read_otherwise(request: HttpRequest, dataset: Dataset, version: DatasetVersion) -> str:
    number = request.POST.get("reading", "")
    made = read_otherwise(version, int(number) if number.isdecimal() and len(number) < 9 else -1)
    return address("detail", dataset, made)


def _correct(request: HttpRequest, dataset: Dataset, version: DatasetVersion) -> str:
    made = revise_version(version, fixes=request.POST.getlist("fix")[:50])
    return address("health", dataset, made)


def _export(request: HttpRequest, dataset: Dataset, version: DatasetVersion) -> str:
    start_export(version, request.POST.get("format", ""), boxes_only=bool(request.POST.get("boxes_only")))
    return address("exports", dataset, version)


def _choose(request: HttpRequest, dataset: Dataset, version: DatasetVersion) -> str:
    choose_version(version)
    messages.success(request, _("Version %(number)s is in use now.") % {"number": version.number})
    return reverse("datasets:detail", args=[dataset.id])


def _stop(request: HttpRequest, dataset: Dataset, version: DatasetVersion) -> str:
    if version.import_run is not None:
        control_run(version.import_run, "stop")
    return address("detail", dataset, version)


def _resume(request: HttpRequest, dataset: Dataset, version: DatasetVersion) -> str:
    if version.import_run is not None:
        control_run(version.import_run, "resume")
    return address("detail", dataset, version)


def _measure(request: HttpRequest, dataset: Dataset, version: DatasetVersion) -> str:
    start_statistics(version)
    return address("statistics", dataset, version)


def _look_for_doubts(request: HttpRequest, dataset: Dataset, version: DatasetVersion) -> str:
    by, judge = request.POST.get("judge", "description").partition(":")[::2]
    parts = request.POST.get("folds", "")
    folds = int(parts) if parts.isdecimal() and len(parts) < 3 else DEFAULT_FOLDS
    start_doubts(version, request.user, by=by, judge=judge, folds=folds)
    return address("health", dataset, version)


def _new_version(request: HttpRequest, dataset: Dataset, version: DatasetVersion) -> str:
    values = options_form().values(request.POST)
    made = import_again(dataset, {key: value for key, value in values.items() if value not in (None, "")})
    return address("detail", dataset, made)


def _change(request: HttpRequest, dataset: Dataset, version: DatasetVersion) -> str:
    text = request.POST.get("description", "")[:10_000]
    change_dataset(dataset, name=request.POST.get("name", ""), description=text)
    return address("detail", dataset, version)


def _delete(request: HttpRequest, dataset: Dataset, version: DatasetVersion) -> str:
    frees = delete_dataset(dataset, request.user)  # type: ignore[arg-type]
    facts = {"name": dataset.name, "size": scaled_bytes(frees)}
    messages.success(request, _("Deleted %(name)s; %(size)s came back.") % facts)
    return reverse("datasets:list")


_ACTIONS = {
    "retry": _retry, "read-otherwise": _read_otherwise, "stop": _stop, "resume": _resume, "measure": _measure,
    "doubts": _look_for_doubts,
    "correct": _correct, "choose": _choose, "export": _export, "new-version": _new_version,
    "change": _change, "delete": _delete,
}  # fmt: skip
