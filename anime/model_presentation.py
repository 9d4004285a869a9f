"""What the pages show of models, trainings and drawn images, made from rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from django.urls import reverse

from anime.models import CharacterImage, Collection, Training
from anime.report_view import MEASURES, is_of_words, lowest_source
from anime.selectors import STUDENT, WORDS
from cvstudio.runs.models import RunState
from cvstudio.runs.states import ACTIVE
from cvstudio.weights.models import WeightVersion

WORKING: Final = frozenset({RunState.QUEUED, *ACTIVE})
API: Final = "/api/v1/anime"
_LIST_MEASURES: Final = ("top1", "top5", "ece")
_THUMBNAIL: Final = 320
_MAPS: Final = "maps/"


def is_working(run: Any) -> bool:
    """Whether a run waits or goes on."""
    return run is not None and run.state in WORKING


def ids_of(texts: Iterable[str]) -> list[UUID]:
    """What of the texts is an id."""
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def chosen_of(rows: Sequence[Any], text: str) -> Any:
    """The row with this id, or the first one; None without rows."""
    wished = ids_of([text])
    return next((row for row in rows if row.id in wished), rows[0] if rows else None)


def recogniser_row(version: WeightVersion, training: Training | None, report: dict[str, Any]) -> dict[str, Any]:
    """A line of the list of recognisers."""
    scores = report.get("scores") or {}
    if is_of_words(report):
        scores = {"top1": scores.get("both")}
    lowest = lowest_source(report)
    cells = [{"title": MEASURES[key], "value": scores.get(key), "is_error": key == "ece"} for key in _LIST_MEASURES]
    return {
        "version": version, "kind": kind_of(version), "collection": training.collection if training else None,
        "teacher": training.teacher if training else None, "characters": len(version.classes or []), "cells": cells,
        "lowest": lowest,
    }  # fmt: skip


def kind_of(version: WeightVersion) -> str:
    """What sort of recogniser it is."""
    names = {STUDENT: Training.Kind.STUDENT, WORDS: Training.Kind.WORDS}
    return str(names.get(version.weight.task, Training.Kind.RECOGNISER).label)


def training_row(training: Training) -> dict[str, Any]:
    """A training that is at work, waits or failed."""
    return {
        "training": training, "run": training.run, "is_working": is_working(training.run),
        "learns_from": " · ".join(part for part in (_collection_name(training), training.character) if part),
        "page_url": _training_page(training),
        "delete_url": reverse("anime:training-action", args=[training.id, "delete"]),
        "retry_url": f"{reverse('anime:train')}?training={training.id}",
    }  # fmt: skip


def _training_page(training: Training) -> str:
    if training.kind == Training.Kind.GENERATOR:
        return reverse("anime:timeline", args=[training.id])
    return reverse("runs:detail", args=[training.run_id]) if training.run_id else ""


def _collection_name(training: Training) -> str:
    return training.collection.name if training.collection else ""


def images_by_path(collection: Collection | None, paths: Iterable[str]) -> dict[str, CharacterImage]:
    """Images of a collection by their paths, where it still has them (1 query)."""
    if collection is None:
        return {}
    found = CharacterImage.objects.filter(collection=collection, path__in=set(paths))
    return {
        row.path: row for row in found.select_related("character", "image__version").defer("image__version__statistics")
    }


def image_links(row: CharacterImage | None) -> dict[str, str]:
    """Addresses of an image: thumbnail, file, its character's page; empty where the collection has it no more."""
    if row is None:
        return {"thumbnail": "", "file": "", "page": ""}
    place = [row.image.version.dataset_id, row.image_id]
    return {
        "thumbnail": f"{reverse('api-datasets-thumbnail', args=place)}?size={_THUMBNAIL}",
        "file": reverse("api-datasets-file", args=place),
        "page": reverse("anime:character", args=[row.character_id]),
    }  # fmt: skip


def judged_images(
    cases: Sequence[dict[str, Any]], collection: Collection | None, version: WeightVersion
) -> list[dict[str, Any]]:
    """Images of a report with their links, and the map of where the recogniser looked (2 queries).

    The training left the worst cases as images with their dark parts (``looked``); the others have an address that
    makes a ``map`` when it is asked for.
    """
    known = images_by_path(collection, (str(case["path"]) for case in cases))
    kept = _kept_maps(version)
    rows = []
    for case in cases:
        image = known.get(str(case["path"]))
        asked = f"{API}/recognisers/{version.id}/activation?image={image.id}" if image else ""
        looked = kept.get(str(case.get("activation_map", "")), "")
        told = {"looked": looked, "map": "" if looked else asked, "is_right": case["character"] == case["predicted"]}
        rows.append({**case, **image_links(image), **told})
    return rows


def _kept_maps(version: WeightVersion) -> dict[str, str]:
    """Addresses of the maps that the training left, by the name in its report."""
    if version.run is None:
        return {}
    found = version.run.artifacts.filter(name__startswith=_MAPS).values_list("name", "id")
    return {name: f"/api/v1/training/{version.run_id}/artifacts/{pk}/download" for name, pk in found}
