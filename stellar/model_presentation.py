"""What the pages show of classifiers, trainings and predictions, made from rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cvstudio.runs.models import RunState
from cvstudio.runs.states import ACTIVE
from cvstudio.weights.models import WeightVersion
from ml_core.stellar.spectra.subclass import CLASSES
from stellar.models import Prediction, Star, StarClassification, Survey, Training, WorkState
from stellar.report_view import MEASURES

WORKING = frozenset({RunState.QUEUED, *ACTIVE})
Text = str | Promise
MODELS: dict[str, Text] = {
    "recommended": gettext_lazy("Recommended"),
    "fusion_plain": gettext_lazy("Fusion network"),
}
#: What a star must have to train: title and what it is for.
NEEDS: dict[str, tuple[Text, Text]] = {
    "both": (
        gettext_lazy("Spectrum and image"),
        gettext_lazy("Complete stars alone. The classifier still answers when one of both is missing."),
    ),
    "any": (gettext_lazy("Either of them"), gettext_lazy("Uses every star that has a class and something to look at.")),
    "spectrum": (gettext_lazy("A spectrum"), gettext_lazy("Images are never looked at.")),
    "image": (gettext_lazy("An image"), gettext_lazy("Spectra are never looked at. Expect much less.")),
}
API = "/api/v1/stellar"


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


def version_title(version: WeightVersion | None) -> str:
    """Name and number of a classifier."""
    return f"{version.weight.name} v{version.number}" if version is not None else _("a classifier that is gone")


def answer_title(number: int | None) -> str:
    """M0..M4, or that it is none of them."""
    if number is None:
        return "–"
    return CLASSES[number] if 0 <= number < len(CLASSES) else _("none")


def classifier_row(version: WeightVersion, survey: Survey | None, report: dict[str, Any]) -> dict[str, Any]:
    """A line of the list: numbers of the fused answer in all groups, with their errors where they are known."""
    facts, scores = version.preprocessing or {}, report.get("scores") or {}
    columns = (
        (_("Macro F1"), "macro_f1", "all"), ("S/N < 5", "macro_f1", "low"), ("S/N > 5", "macro_f1", "high"),
        (MEASURES["within_one"], "within_one", "all"), (MEASURES["ece"], "ece", "all"),
    )  # fmt: skip
    found = {group: (scores.get(group) or {}).get("fusion") or {} for _title, _key, group in columns}
    return {
        "version": version, "survey": survey,
        "model": str(MODELS.get(facts.get("model", ""), facts.get("model", ""))),
        "modality": str(NEEDS[facts["modality"]][0]) if facts.get("modality") in NEEDS else "",
        "cells": [
            {"title": title, "value": found[group].get(key), "error": found[group].get(f"{key}_error")}
            for title, key, group in columns
        ],
    }  # fmt: skip


def training_row(training: Training) -> dict[str, Any]:
    """A training that is at work, waits or failed."""
    return {
        "training": training, "run": training.run, "is_working": is_working(training.run),
        "learns_from": training.survey.name if training.survey else "",
        "page_url": reverse("runs:detail", args=[training.run_id]) if training.run_id else "",
        "delete_url": reverse("stellar:training-action", args=[training.id, "delete"]),
        "retry_url": f"{reverse('stellar:train')}?training={training.id}",
    }  # fmt: skip


#: How a prediction whose run is gone stands, in the words of runs.
_STATES: dict[str, str] = {WorkState.WAITING: "queued", WorkState.READY: "completed", WorkState.FAILED: "failed"}


def prediction_row(prediction: Prediction) -> dict[str, Any]:
    """A line of the table of classified surveys."""
    return {
        "prediction": prediction, "run": prediction.run, "state": _STATES[prediction.state],
        "is_ready": prediction.state == WorkState.READY, "is_working": is_working(prediction.run),
        "is_shown": prediction.survey.shown_id == prediction.id, "none": (prediction.counts or {}).get("none", 0),
    }  # fmt: skip


def star_links(star: Star | None) -> dict[str, str]:
    """Addresses of a star's page, picture and spectrum; empty where it has none."""
    if star is None:
        return {"star": "", "url": "", "image": "", "spectrum": ""}
    return {
        "star": str(star.id), "url": f"/stellar/stars/{star.id}",
        "image": f"{API}/stars/{star.id}/image?size=128" if star.image_file else "",
        "spectrum": f"{API}/stars/{star.id}/spectrum" if star.spectrum_file else "",
    }  # fmt: skip


def report_stars(cases: Sequence[dict[str, Any]], survey: Survey | None) -> list[dict[str, Any]]:
    """Stars of a report with their pages, where the survey still has them. One query."""
    names = [str(case["name"]) for case in cases]
    known = {star.name: star for star in Star.objects.filter(survey=survey, name__in=names)} if survey else {}
    return [{**case, **star_links(known.get(str(case["name"])))} for case in cases]


def classified_rows(found: Iterable[StarClassification]) -> list[dict[str, Any]]:
    """Answers with their star, ready for a table."""
    rows = []
    for one in found:
        rows.append({"found": one, "star": one.star, "answer": answer_title(one.predicted),
                     "says": one.by_modality or {}, **star_links_only(one.star)})  # fmt: skip
    return rows


def star_links_only(star: Star) -> dict[str, str]:
    """The links of a star without the key that would hide the row itself."""
    links = star_links(star)
    links.pop("star")
    return links


def table_address(survey_id: Any, **filters: str) -> str:
    """The star table of a survey, filtered."""
    address = f"/stellar/surveys/{survey_id}/stars"
    return f"{address}?{urlencode(filters)}" if filters else address
