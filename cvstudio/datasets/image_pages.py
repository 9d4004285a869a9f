"""Pages of images: the grid with boxes drawn over it, and one image with all that is said of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from cvstudio.common.keyset import Sort, keyset_page
from cvstudio.common.quantities import scaled_bytes
from cvstudio.datasets import selectors
from cvstudio.datasets.errors import NotFoundError
from cvstudio.datasets.finding_words import worded
from cvstudio.datasets.image_filters import ImageFilters, filters_of
from cvstudio.datasets.models import Dataset, DatasetImage, DatasetVersion
from cvstudio.datasets.page_head import found, head
from cvstudio.datasets.presentation import finding_choices
from cvstudio.datasets.shapes import open_table, shapes_of, small_shapes
from ml_core.errors import CodedError

IMAGES_A_PAGE = 120


@login_required
@require_GET
def images_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """The grid. Filters and place are in the address."""
    dataset, version = found(request, id)
    filters = filters_of(request.GET)
    context = {
        **head(request, dataset, version, "images"), "filters": filters, "fault": None, "page": None,
        "findings": finding_choices(selectors.findings_of(version)) if version.state == "ready" else [],
    }  # fmt: skip
    try:
        rows = filters.apply(version)
        sorts = {"position": Sort("position", "number")}
        cursor = request.GET.get("cursor", "")
        context["page"] = keyset_page(rows, sorts, "", cursor, IMAGES_A_PAGE, default="position")
        context["total"] = rows.count() if filters.any else version.counts.get("images", 0)
        context["viewer"] = _viewer_data(dataset, version, context["page"].rows, filters)
    except CodedError as error:
        context["fault"] = error.as_dict()
    return render(request, "datasets/images.html", context)


@login_required
@require_GET
def image_page(request: HttpRequest, id: UUID, image_id: UUID) -> HttpResponse:
    """One image with its boxes; the neighbours are those under the filters of the address."""
    try:
        dataset = selectors.visible_dataset(request.user, id)
        image = selectors.visible_image(request.user, id, image_id)
    except NotFoundError as error:
        raise Http404 from error
    version = selectors.version_of(dataset, image.version.number)
    filters = filters_of(request.GET)
    findings = selectors.findings_of(version)
    try:
        before, behind = selectors.neighbours_of(filters.apply(version), image)
    except CodedError:  # a filter that this version does not know
        filters = ImageFilters()
        before, behind = selectors.neighbours_of(filters.apply(version), image)
    context = {
        **head(request, dataset, version, "images"),
        "image": image,
        "before": _image_address(dataset, before, filters),
        "behind": _image_address(dataset, behind, filters),
        "grid": _grid_address(dataset, version, filters),
        "findings": _findings_about(image, findings, version.classes),
        "boot": _image_data(dataset, version, image, findings),
    }
    return render(request, "datasets/image.html", context)


@login_required
@require_GET
def find_image_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """The page of the image with a path in a version; the grid where the version lacks it."""
    dataset, version = found(request, id)
    image = version.images.filter(path=request.GET.get("path", "")).first()
    if image is None:
        return redirect(_grid_address(dataset, version, ImageFilters()))
    return redirect(_image_address(dataset, image, filters_of(request.GET)))


def _findings_about(image: DatasetImage, findings: list[dict[str, Any]], classes: list[str]) -> list[dict[str, Any]]:
    """Findings that name an image, with what the search for wrong labels suggests for it."""
    return [
        {**worded(finding), "suggestions": [
            {**suggestion, "name": classes[suggestion["likely"]]} for suggestion in _suggestions(image, finding)
        ]}
        for finding in findings
        if image.position in finding["positions"]
    ]  # fmt: skip


def _suggestions(image: DatasetImage, finding: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry for entry in finding.get("suggestions", ()) if entry["image"] == image.position]


def _image_address(dataset: Dataset, image: DatasetImage | None, filters: ImageFilters) -> str:
    if image is None:
        return ""
    address = reverse("datasets:image", args=[dataset.id, image.id])
    return f"{address}?{urlencode(filters.query)}" if filters.any else address


def _grid_address(dataset: Dataset, version: DatasetVersion, filters: ImageFilters) -> str:
    number = {} if version.id == dataset.current_version_id else {"version": str(version.number)}
    address = reverse("datasets:images", args=[dataset.id])
    query = {**filters.query, **number}
    return f"{address}?{urlencode(query)}" if query else address


def _viewer_data(
    dataset: Dataset, version: DatasetVersion, rows: list[DatasetImage], filters: ImageFilters
) -> dict[str, Any]:
    """What scripts show of each image of this page."""
    has_boxes = version.task == DatasetVersion.Task.DETECT and rows
    shapes = small_shapes(open_table(version), rows) if has_boxes else [[]] * len(rows)
    marked = filters.found(version)["annotations"] if has_boxes and filters.finding else []
    names = {"dataset": str(dataset.id), "version": version.number, "classes": version.classes}
    return {**names, "marked": marked, "images": [
        {
            "id": str(row.id), "path": row.path, "split": row.split, "width": row.width, "height": row.height,
            "class": version.classes[row.label] if row.label is not None else "", "format": row.format,
            "mode": row.mode, "size": scaled_bytes(row.size_bytes), "shapes": drawn,
            "view": reverse("api-datasets-thumbnail", args=[dataset.id, row.id]) + "?size=1280",
            "file": reverse("api-datasets-file", args=[dataset.id, row.id]),
            "page": _image_address(dataset, row, filters),
        }
        for row, drawn in zip(rows, shapes, strict=True)
    ]}  # fmt: skip


def _image_data(
    dataset: Dataset, version: DatasetVersion, image: DatasetImage, findings: list[dict[str, Any]]
) -> dict[str, Any]:
    has_boxes = version.task == DatasetVersion.Task.DETECT
    shapes = shapes_of(open_table(version), image) if has_boxes else []
    notes: dict[int, list[str]] = {shape["row"]: [] for shape in shapes}
    findings = [worded(finding) for finding in findings]
    for finding in findings:
        for row in finding.get("annotations", ()):
            if row in notes:
                notes[row].append(finding["message"].rpartition(":")[0] or finding["message"])
    return {
        "task": version.task, "classes": version.classes, "shapes": shapes, "notes": notes,
        "width": image.width, "height": image.height, "position": image.position, "path": image.path,
        "label": image.label, "split": image.split, "dataset": str(dataset.id), "version": version.number,
        "suggestions": [entry for finding in findings for entry in _suggestions(image, finding)],
        "source": reverse("api-datasets-thumbnail", args=[dataset.id, image.id]) + "?size=1280",
    }  # fmt: skip
