"""Pages of a version's health: findings with their images and fixes, and what differs between two versions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cvstudio.datasets import selectors
from cvstudio.datasets.errors import NotFoundError
from cvstudio.datasets.fix_words import DIFFERENCE_WORDS, fixes_of
from cvstudio.datasets.models import Dataset, DatasetVersion
from cvstudio.datasets.page_head import found, head
from cvstudio.datasets.presentation import WORKING, address, findings_with_images
from cvstudio.datasets.services.compare_versions import compare_versions
from cvstudio.datasets.services.start_doubts import DEFAULT_FOLDS, judges_for
from ml_core.errors import CodedError

MAX_LISTED = 200


@login_required
@require_GET
def health_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """Everything that is remarkable on one page; what can be corrected has a box to tick."""
    dataset, version = found(request, id)
    is_ready = version.state == DatasetVersion.State.READY
    measured = selectors.statistics_of(version)
    run = version.statistics_run
    shown = findings_with_images(version, selectors.findings_of(version) if is_ready else [])
    for finding in shown:
        finding["fixes"] = fixes_of(finding["code"])
        finding["url"] = address("images", dataset, version, finding=finding["code"])
    context = {
        **head(request, dataset, version, "health"),
        "findings": shown,
        "can_fix": any(finding["fixes"] for finding in shown),
        "counted": {tone: sum(f["tone"] == tone for f in shown) for tone in ("failed", "warning", "info")},
        "measured": measured,
        "strides": _strides(measured.get("boxes", {})),
        "run": run,
        "is_measuring": run is not None and run.state in WORKING,
        **_search(version),
        "judges": judges_for(version, request.user) if is_ready else [],
        "folds": DEFAULT_FOLDS,
    }
    return render(request, "datasets/health.html", context)


@login_required
@require_GET
def doubts_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """A part of the page that keeps itself fresh while wrong labels are looked for."""
    dataset, version = found(request, id)
    return render(request, "datasets/_doubts.html", {"dataset": dataset, "version": version, **_search(version)})


def _search(version: DatasetVersion) -> dict[str, Any]:
    """Where the search for wrong labels stands, and what it judged."""
    run = version.doubts_run
    return {"search": run, "is_searching": run is not None and run.state in WORKING, "doubts": version.doubts}


@login_required
@require_GET
def difference_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """What became different from one version to another."""
    dataset, version = found(request, id)
    versions = [row for row in selectors.versions_of(dataset) if row.state == DatasetVersion.State.READY]
    new = _chosen(dataset, request.GET.get("new", ""), version)
    default = next((row for row in versions if row.number < new.number), new)
    old = _chosen(dataset, request.GET.get("old", ""), new.parent or default)
    context: dict[str, Any] = {**head(request, dataset, version, "versions"), "versions": versions, "old": old,
                               "new": new, "words": DIFFERENCE_WORDS, "fault": None, "difference": None}  # fmt: skip
    try:
        difference = compare_versions(old, new)
        context |= {"difference": difference, "listed": difference["listed"][:MAX_LISTED]}
    except CodedError as error:
        context["fault"] = error.as_dict()
    return render(request, "datasets/difference.html", context)


def _chosen(dataset: Dataset, number: str, default: DatasetVersion) -> DatasetVersion:
    if not number.isdecimal() or len(number) > 8:
        return default
    try:
        return selectors.version_of(dataset, int(number))
    except NotFoundError as error:
        raise Http404 from error


def _strides(boxes: dict[str, Any]) -> list[dict[str, Any]]:
    """For each step of usual feature maps how many boxes fall between its cells."""
    count = boxes.get("count", 0)
    if not count:
        return []
    return [{"stride": int(stride), "boxes": below, "share": below / count, "of": count}
            for stride, below in boxes["below_stride"].items()]  # fmt: skip
