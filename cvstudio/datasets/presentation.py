"""What the pages of a data set show, made from rows: tabs, tables of classes, lines of statistics."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from django.db.models import Min
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cvstudio.datasets.finding_words import worded
from cvstudio.datasets.models import Dataset, DatasetImage, DatasetVersion
from cvstudio.datasets.selectors import images_at, readings_of
from cvstudio.runs.models import RunState
from cvstudio.runs.states import ACTIVE
from ml_core.data.annotations.table import AnnotationTable

MAX_CLASSES = 500
SHOWN_POSITIONS = 6
FORMAT_TITLES = {
    "classification": gettext_lazy("Folders of classes"), "yolo": "YOLO", "coco": "COCO", "voc": "Pascal VOC",
}  # fmt: skip
BOX_HISTOGRAMS = ("per_image", "share", "width", "height", "aspect")
WORKING = frozenset({RunState.QUEUED, *ACTIVE})


def tabs_of(dataset: Dataset, version: DatasetVersion) -> list[dict[str, Any]]:
    """Tabs of the page; they keep the version that is looked at."""

    def tab(key: str, title: str, icon: str, count: int | None = None) -> dict[str, Any]:
        return {"key": key, "title": title, "url": address(key, dataset, version), "icon": icon, "count": count}

    return [
        tab("detail", _("Overview"), "dataset"),
        tab("images", _("Images"), "image", version.counts.get("images")),
        tab("health", _("Health"), "check-circle"),
        tab("statistics", _("Statistics"), "bars"),
        tab("augmentation", _("Augmentation"), "settings"),
        tab("versions", _("Versions"), "branch"),
        tab("exports", _("Export"), "download"),
    ]


def address(name: str, dataset: Dataset, version: DatasetVersion, **query: str) -> str:
    """A page of a data set that keeps the version that is looked at."""
    if version.id != dataset.current_version_id:
        query["version"] = str(version.number)
    url = reverse(f"datasets:{name}", args=[dataset.id])
    return f"{url}?{urlencode(query)}" if query else url


def class_rows(dataset: Dataset, version: DatasetVersion) -> list[dict[str, Any]]:
    """One row a class: its counts by split, the largest class for a bar, and where its images are."""
    rows = [
        {"name": name, **counts, "total": sum(counts.values()), "images": images}
        for name, counts, images in zip_longest(
            version.classes, version.counts.get("classes", []), version.counts.get("class_images", [])
        )
        if name is not None and counts is not None
    ]
    largest = max((row["total"] for row in rows), default=0)
    return [
        {**row, "largest": largest, "url": address("images", dataset, version, **{"class": row["name"]})}
        for row in rows[:MAX_CLASSES]
    ]


def examples(dataset: Dataset, version: DatasetVersion, limit: int = 24) -> list[dict[str, Any]]:
    """The first images of each class: one where there are many classes, else more (2 queries at most)."""
    each = max(1, limit // (2 * max(1, len(version.classes))))
    if version.task == DatasetVersion.Task.DETECT:
        return _labelled_examples(dataset, version, each, limit)
    rows = version.images.filter(label__lt=limit).order_by().values("label").annotate(first=Min("position"))
    firsts = sorted((row["label"] or 0, row["first"]) for row in rows)
    # Images are sorted by path, so those of a class folder stand together.
    images = images_at(version, [first + further for _, first in firsts for further in range(each)])
    label_at = {first + further: label for label, first in firsts for further in range(each)}
    return [
        {"image": image, "name": name, "url": address("images", dataset, version, **{"class": name})}
        for image in images
        if image.label == label_at[image.position]
        for name in [version.classes[image.label]]
    ]


def _labelled_examples(dataset: Dataset, version: DatasetVersion, each: int, limit: int) -> list[dict[str, Any]]:
    table = AnnotationTable(Path(version.folder))
    name_at: dict[int, str] = {}
    for label, name in enumerate(version.classes[:limit]):
        for position in np.unique(table.image_of[table.label == label])[:each].tolist():
            name_at.setdefault(position, name)
    return [
        {"image": image, "name": name_at[image.position],
         "url": address("images", dataset, version, **{"class": name_at[image.position]})}
        for image in images_at(version, list(name_at))
    ]  # fmt: skip


def readings_shown(version: DatasetVersion) -> list[dict[str, Any]]:
    """The ways to read a version's files: which one is in use, and which may be chosen instead (no query)."""
    readings, known = readings_of(version), set()
    taken = _taken(version, readings)
    for number, reading in enumerate(readings):
        key = (reading["format"], *reading["labels"][:1])
        reading["title"] = FORMAT_TITLES.get(reading["format"], reading["format"])
        reading["is_taken"] = number == taken
        reading["can_choose"] = number != taken and key not in known and not is_working(version)
        known.add(key)
    return readings


def _taken(version: DatasetVersion, readings: list[dict[str, Any]]) -> int | None:
    """Which reading an import took, found by the evidence that it kept."""
    if version.state != DatasetVersion.State.READY:
        return None
    kept = version.evidence[:20]
    return next((n for n, reading in enumerate(readings) if reading["evidence"] == kept), None)


def is_working(version: DatasetVersion) -> bool:
    """Whether the import waits or goes on."""
    run = version.import_run
    return version.state != DatasetVersion.State.READY and run is not None and run.state in WORKING


def is_paused(version: DatasetVersion) -> bool:
    """Whether the import was paused and can be resumed."""
    run = version.import_run
    return version.state != DatasetVersion.State.READY and run is not None and run.state == RunState.PAUSED


def findings_with_images(version: DatasetVersion, findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Findings with a few pictures each (1 query for all of them)."""
    findings = [worded(finding) for finding in findings]
    positions = sorted({p for finding in findings for p in finding["positions"][:SHOWN_POSITIONS]})
    wanted = {image.position: image for image in images_at(version, positions)}
    tones = {"error": "failed", "warning": "warning", "info": "info"}
    return [
        {
            **finding,
            "tone": tones.get(finding["severity"], "info"),
            "images": [wanted[p] for p in finding["positions"][:SHOWN_POSITIONS] if p in wanted],
        }
        for finding in findings
    ]


def revision_lines(version: DatasetVersion) -> list[str]:
    """What a corrected version has in other ways than the one before, in words."""
    words = {
        "remove": _("Annotations removed: %(n)s"), "label": _("Annotations with another class: %(n)s"),
        "corners": _("Boxes moved or cut: %(n)s"), "rings": _("Outlines changed: %(n)s"),
        "add": _("Annotations added: %(n)s"),
        "leave_out": _("Images left out: %(n)s"), "mark_empty": _("Images said to show nothing: %(n)s"),
        "image_class": _("Images with another class: %(n)s"), "split": _("Images in another split: %(n)s"),
        "classes": _("Names of classes changed"),
    }  # fmt: skip
    counts = version.revision.get("changes", {})
    return [line % {"n": f"{counts[kind]:,}"} for kind, line in words.items() if kind in counts]


def finding_choices(findings: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Codes and words of the findings that name images, for a filter."""
    return [(entry["code"], worded(entry)["message"]) for entry in findings if entry["positions"]]


def extremes(version: DatasetVersion, statistics: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of pictures at the ends of each measure (1 query for all of them)."""
    wishes = (
        (_("Darkest"), "brightness", "lowest"), (_("Lightest"), "brightness", "highest"),
        (_("Least sharp"), "sharpness", "lowest"), (_("Sharpest"), "sharpness", "highest"),
        (_("Least contrast"), "contrast", "lowest"), (_("Widest"), "aspect", "highest"),
        (_("Tallest"), "aspect", "lowest"),
    )  # fmt: skip
    chosen = [(title, statistics.get(measure, {}).get(end, [])[:SHOWN_POSITIONS]) for title, measure, end in wishes]
    found = {image.position: image for image in images_at(version, sorted({p for _t, ps in chosen for p in ps}))}
    rows = [{"title": title, "images": [found[p] for p in places if p in found]} for title, places in chosen]
    return [row for row in rows if row["images"]]


def plot_data(statistics: dict[str, Any], version: DatasetVersion) -> dict[str, Any]:
    """What the plots draw."""
    names = ("brightness", "contrast", "sharpness", "width", "height", "aspect")
    histograms = {
        name: {"edges": statistics[name]["edges"], "counts": statistics[name]["counts"]}
        for name in names
        if name in statistics
    }
    boxes = statistics.get("boxes", {})
    for name in BOX_HISTOGRAMS:
        if name in boxes:
            histograms[f"box_{name}"] = {"edges": boxes[name]["edges"], "counts": boxes[name]["counts"]}
    return {**balance(version), "histograms": histograms, "position": boxes.get("position", [])}


def plot_titles(version: DatasetVersion) -> list[tuple[str, str]]:
    """Ids and titles of the plots; bars of classes only where they can be told apart."""
    title = _("Images by class and split") if version.task == "classify" else _("Annotations by class and split")
    classes = [("balance", title)] if 1 < len(version.classes) <= 60 else []
    boxes = [
        ("box_per_image", _("Boxes in an image")), ("box_share", _("Side of boxes by the side of their image")),
        ("box_width", _("Width of boxes")), ("box_height", _("Height of boxes")),
        ("box_aspect", _("Width of boxes divided by their height")),
        ("box_position", _("Where the centres of boxes are")),
    ]  # fmt: skip
    return [
        *classes, *(boxes if version.task == "detect" else []),
        ("brightness", _("Brightness")), ("contrast", _("Contrast")), ("sharpness", _("Sharpness")),
        ("width", _("Width")), ("height", _("Height")), ("aspect", _("Width divided by height")),
    ]  # fmt: skip


def preview_size(images: list[DatasetImage]) -> int:
    """A size to begin with: that of the images where they are small, else a usual one."""
    longest = max((max(image.width, image.height) for image in images), default=128)
    return max(16, min(128, longest))


def balance(version: DatasetVersion) -> dict[str, Any]:
    """Images, or annotations, by class and split, for the bars."""
    return {"classes": version.classes, "balance": version.counts.get("classes", []), "counted": version.task}
