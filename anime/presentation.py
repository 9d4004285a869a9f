"""What the pages show of collections, made from rows: cards, tabs, findings, images for the gallery."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anime.models import Character, CharacterImage, Collection, Correction
from cvstudio.common.quantities import scaled_bytes
from cvstudio.datasets.models import DatasetVersion
from cvstudio.datasets.presentation import WORKING
from cvstudio.datasets.selectors import rejects_file
from cvstudio.runs.models import Run
from ml_core.errors import CodedError

#: What may be found about an image: what it is called, how grave it is, and what to do.
FINDINGS: Final[dict[str, tuple[str | Promise, str, str | Promise]]] = {
    "two_names": (
        gettext_lazy("the same image under two characters"), "error",
        gettext_lazy("Move one of them, or leave it out: who is it?"),
    ),
    "doubted": (
        gettext_lazy("rather shows somebody else"), "warning",
        gettext_lazy("Look at these: other images of the likelier character are nearer."),
    ),
    "copy": (
        gettext_lazy("copy of another file"), "warning",
        gettext_lazy("Nothing: copies never lie on both sides of a split. Leave them out to save space."),
    ),
    "near_copy": (
        gettext_lazy("nearly the same as another image"), "info",
        gettext_lazy("Nothing: near copies never lie on both sides of a split."),
    ),
    "extension": (
        gettext_lazy("the extension says another format"), "info",
        gettext_lazy("Nothing: the content counts."),
    ),
    "transparent": (
        gettext_lazy("transparent parts were laid over white"), "info",
        gettext_lazy("Nothing, if white is the right background."),
    ),
    "extreme": (
        gettext_lazy("one side is far longer than the other"), "info",
        gettext_lazy("Cut or fill it up: the choice is made when training."),
    ),
}  # fmt: skip
_EXAMPLES: Final = 4
_FILES_SHOWN: Final = 50


def is_working(run: Run | None) -> bool:
    """Whether a run waits or goes on."""
    return run is not None and run.state in WORKING


def finding_words(flag: str) -> str:
    """What a finding is called."""
    return str(FINDINGS[flag][0]) if flag in FINDINGS else flag.replace("_", " ")


def thumbnail(collection: Collection, image_id: UUID | None) -> str:
    """Address of a small version of an image of the data set; empty without one."""
    return reverse("api-datasets-thumbnail", args=[collection.dataset_id, image_id]) if image_id else ""


def collection_cards(collections: Iterable[Collection]) -> list[dict[str, Any]]:
    """Collections with a few of their images."""
    rows = []
    for collection in collections:
        version = collection.dataset.current_version
        covers = [thumbnail(collection, image_id) for image_id in (version.cover if version else [])[:6]]
        rows.append({"collection": collection, "covers": covers, "run": import_run(collection)})
    return rows


def import_run(collection: Collection) -> Run | None:
    """The run that makes the newest version."""
    return collection.newest.import_run if collection.newest else None


def collection_tabs(collection: Collection, waiting: int = 0) -> list[dict[str, Any]]:
    """Pages of one collection."""
    tabs = (
        ("characters", "collection", _("Characters"), "face", collection.characters),
        ("images", "collection-images", _("Images"), "image", collection.images),
        ("changes", "collection-changes", _("Changes"), "branch", waiting or None),
    )
    return [
        {"key": key, "title": title, "icon": icon, "count": count,
         "url": reverse(f"anime:{page}", args=[collection.id])}
        for key, page, title, icon, count in tabs
    ]  # fmt: skip


def collection_facts(collection: Collection) -> list[dict[str, Any]]:
    """Label and value of what else is known."""
    version = collection.dataset.current_version
    data_set = {"label": _("Data set"), "value": collection.name}
    data_set["url"] = reverse("datasets:detail", args=[collection.dataset_id])
    facts = [
        data_set,
        {"label": _("Source"), "value": collection.dataset.get_source_display()},
        {"label": _("Folder"), "value": collection.dataset.root},
        {"label": _("Version"), "value": f"v{version.number}" if version else ""},
        {"label": _("On the disk"), "value": scaled_bytes(version.counts.get("bytes", 0)) if version else ""},
    ]
    return [fact for fact in facts if fact["value"]]


def finding_rows(images: Any, address: str) -> list[dict[str, Any]]:
    """How many of some images have each finding, the gravest first, and where they are shown (1 query)."""
    counts: Counter[str] = Counter()
    for flags, number in images.exclude(flags="").values_list("flags").annotate(n=Count("id")).order_by():
        counts.update(dict.fromkeys(flags.split(), number))
    return [
        {"key": key, "title": title, "severity": severity, "cure": cure, "count": counts[key],
         "url": f"{address}?flag={key}"}
        for key, (title, severity, cure) in FINDINGS.items() if counts[key]
    ]  # fmt: skip


def files_left_out(version: DatasetVersion | None) -> list[dict[str, str]]:
    """The first files that an import could not use: path, reason, cure."""
    if version is None or not version.counts.get("rejected"):
        return []
    try:
        with rejects_file(version).open(encoding="utf-8", newline="") as stream:
            return list(islice(csv.DictReader(stream), _FILES_SHOWN))
    except (CodedError, OSError):
        return []


def source_bars(collection: Collection) -> list[dict[str, Any]]:
    """Images by source, the largest first."""
    rows = sorted(collection.sources.items(), key=lambda row: -row[1])
    return [{"name": name, "count": count, "most": rows[0][1]} for name, count in rows]


def character_cards(collection: Collection, characters: Iterable[Character]) -> list[dict[str, Any]]:
    """Characters with their first images and the number of those with a grave finding (2 queries)."""
    rows = list(characters)
    numbered = CharacterImage.objects.filter(character__in=rows).annotate(
        place=Window(RowNumber(), partition_by=F("character_id"), order_by=F("position").asc())
    )
    examples: dict[UUID, list[str]] = defaultdict(list)
    for character_id, image_id in numbered.filter(place__lte=_EXAMPLES).values_list("character_id", "image_id"):
        examples[character_id].append(thumbnail(collection, image_id))
    grave: Counter[UUID] = Counter()
    for character_id, flags in (
        CharacterImage.objects.filter(character__in=rows).exclude(flags="").values_list("character_id", "flags")
    ):
        grave[character_id] += any(FINDINGS.get(flag, ("", ""))[1] in ("error", "warning") for flag in flags.split())
    return [{"character": row, "examples": examples[row.id], "grave": grave[row.id]} for row in rows]


def gallery_rows(collection: Collection, images: Iterable[CharacterImage]) -> list[dict[str, Any]]:
    """Images as the gallery shows them, with what waits to be changed of them (1 query)."""
    rows = list(images)
    waiting = waiting_words(collection, [row.path for row in rows])
    return [
        {
            "id": str(row.id), "path": row.path, "class": row.character.name,
            "character": row.character, "likely": row.likely, "source": row.source,
            "findings": [{"key": flag, "title": finding_words(flag)} for flag in row.findings],
            "thumbnail": thumbnail(collection, row.image_id),
            "view": reverse("api-datasets-file", args=[collection.dataset_id, row.image_id]),
            "page": reverse("datasets:image", args=[collection.dataset_id, row.image_id]),
            "width": row.image.width, "height": row.image.height, "format": row.image.format, "mode": row.image.mode,
            "size": scaled_bytes(row.image.size_bytes), "waiting": waiting.get(row.path, ""),
        }
        for row in rows
    ]  # fmt: skip


def viewer_data(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same as plain values for the large view."""
    keys = ("path", "class", "view", "page", "width", "height", "format", "mode", "size")
    return [{key: row[key] for key in keys} for row in rows]


def waiting_words(collection: Collection, paths: list[str]) -> dict[str, str]:
    """What waits to be changed of some images, in words by path; the last change of an image counts (1 query)."""
    rows = Correction.objects.filter(collection=collection, path__in=paths).exclude(state=Correction.State.APPLIED)
    return {row.path: correction_words(row) for row in rows.order_by("id")}


def correction_words(correction: Correction) -> str:
    """One change in words."""
    if correction.action == Correction.Action.LEAVE_OUT:
        return _("left out")
    if correction.action == Correction.Action.ADD:
        return _("added to %(name)s") % {"name": correction.after}
    return _("moved to %(name)s") % {"name": correction.after}
