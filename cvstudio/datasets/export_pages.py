"""The page on which a version is written in other layouts, and what was written so far."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from cvstudio.datasets import selectors
from cvstudio.datasets.models import Dataset, DatasetVersion
from cvstudio.datasets.page_head import found, head
from cvstudio.datasets.presentation import FORMAT_TITLES, WORKING
from cvstudio.datasets.services.start_export import formats_for

MAX_LISTED = 50

#: What each layout cannot hold, said before anything is written.
LOSSES: dict[str, Promise] = {
    "coco": _("Boxes, polygons, masks, crowds and attributes stay. What XML files say of whole images goes."),
    "yolo": _("Masks become boxes, several polygons of one object become one; crowds and attributes go."),
    "voc": _("Masks, crowds and ids go; polygons are written as <polygon>, which few programs read."),
    "classification": _("Images whose boxes are of one class go into its folder; the others are left out by name."),
}
FOLDERS = _("One folder for each split and class.")


@login_required
@require_GET
def exports_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """Choose a layout; see how far exports are, what they lost, and fetch their files."""
    dataset, version = found(request, id)
    has_boxes = version.task == DatasetVersion.Task.DETECT
    formats = [
        {"name": name, "title": FORMAT_TITLES[name], "note": LOSSES[name] if has_boxes else FOLDERS}
        for name in formats_for(version)
    ]
    context = {**head(request, dataset, version, "exports"), "formats": formats,
               "example": {"format": formats[0]["name"]}, **_rows(dataset, version)}  # fmt: skip
    return render(request, "datasets/exports.html", context)


@login_required
@require_GET
def export_list_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """The part of the page that keeps itself fresh while an export goes on."""
    return render(request, "datasets/_exports.html", _rows(*found(request, id)))


def _rows(dataset: Dataset, version: DatasetVersion) -> dict[str, Any]:
    exports = list(selectors.exports_of(version)[:MAX_LISTED])
    for entry in exports:
        entry.title = FORMAT_TITLES.get(entry.format, entry.format)  # type: ignore[attr-defined]
    is_exporting = any(entry.run is not None and entry.run.state in WORKING for entry in exports)
    return {"dataset": dataset, "version": version, "exports": exports, "is_exporting": is_exporting}
