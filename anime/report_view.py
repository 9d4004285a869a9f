"""What a recogniser's report says, arranged for its page: scores, sources, characters, calibration."""

from __future__ import annotations

from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Text = str | Promise
MEASURES: Final[dict[str, Text]] = {
    "top1": gettext_lazy("Top-1"),
    "top5": gettext_lazy("Top-5"),
    "macro": gettext_lazy("Mean of characters"),
    "ece": gettext_lazy("Calibration error"),
}
#: Who gave an answer, within one recogniser.
VOICES: Final[dict[str, Text]] = {
    "together": gettext_lazy("Together"),
    "colour_and_texture": gettext_lazy("Colour and texture"),
    "network": gettext_lazy("Network"),
}
#: What a recogniser of image and words was given.
GIVEN: Final[dict[str, Text]] = {
    "image": gettext_lazy("The image alone"),
    "text": gettext_lazy("The text alone"),
    "both": gettext_lazy("Image and text"),
    "both_partial": gettext_lazy("Image and half of the text"),
    "both_missing": gettext_lazy("Image, the text is missing"),
    "both_wrong": gettext_lazy("Image and the text of somebody else"),
}
#: How a training for words calls an answer that rests on the image alone: the others are measured against it.
BASE: Final = "image"


def headline(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The numbers of the recogniser over all images held out, and its lowest source."""
    scores = report.get("scores") or {}
    shown = [
        {"key": key, "label": title, "value": scores[key]}
        for key, title in MEASURES.items()
        if scores.get(key) is not None
    ]
    lowest = lowest_source(report)
    if lowest:
        shown.append({"key": "source", "label": _("Lowest source"), "value": lowest["top1"], "note": lowest["name"]})
    return shown


def lowest_source(report: dict[str, Any]) -> dict[str, Any] | None:
    """The source whose images are recognised least often."""
    return min(source_rows(report), key=lambda row: float(row["top1"]), default=None)


def source_rows(report: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a source, the lowest first."""
    rows = [{"name": name, **found} for name, found in (report.get("sources") or {}).items()]
    return sorted(rows, key=lambda row: float(row["top1"]))


def character_rows(report: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a character, the least often recognised first; whom it is mostly taken for by name."""
    names = (report.get("confusion") or {}).get("classes") or []
    rows = []
    for found in report.get("characters") or []:
        other = found.get("taken_for")
        rows.append({**found, "taken_for": names[other] if other is not None and other < len(names) else ""})
    return sorted(rows, key=lambda row: (row["recall"] is None, row["recall"]))


def voice_rows(report: dict[str, Any]) -> list[dict[str, Any]]:
    """What each part of the recogniser scored by itself; nothing where there is but one."""
    found = report.get("by") or {}
    known = [*(name for name in VOICES if name in found), *(name for name in found if name not in VOICES)]
    rows = []
    for name in known:
        cells = [{"title": title, "value": found[name].get(key)} for key, title in MEASURES.items()]
        rows.append({"title": VOICES.get(name, name), "cells": cells})
    return rows if len(rows) > 1 else []


def given_rows(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Top-1 of a recogniser of image and words by what it was given, and its distance from the image alone."""
    scores = report.get("scores") or {}
    base = scores.get(BASE)
    return [
        {
            "key": key,
            "title": title,
            "top1": scores[key],
            "points": None if base is None or key == BASE else 100 * (scores[key] - base),
        }
        for key, title in GIVEN.items()
        if scores.get(key) is not None
    ]


def is_of_words(report: dict[str, Any]) -> bool:
    """Whether the report is that of a recogniser of image and words."""
    return "both" in (report.get("scores") or {})


def calibration_series(report: dict[str, Any]) -> list[dict[str, Any]]:
    """What the calibration diagram draws."""
    bins = [found for found in report.get("calibration") or [] if found.get("count")]
    if not bins:
        return []
    return [{
        "name": _("Answers"), "x": [found["confidence"] for found in bins], "y": [found["accuracy"] for found in bins],
        "n": [found["count"] for found in bins],
    }]  # fmt: skip
