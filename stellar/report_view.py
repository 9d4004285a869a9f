"""What a classifier's report says, arranged for the pages: scores, confusion, calibration, worst cases."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

GROUPS: dict[str, str | Promise] = {
    "all": gettext_lazy("All"),
    "low": gettext_lazy("S/N < 5"),
    "high": gettext_lazy("S/N > 5"),
}
MODALITIES: dict[str, str | Promise] = {
    "fusion": gettext_lazy("Both"),
    "spectrum": gettext_lazy("Spectrum only"),
    "image": gettext_lazy("Image only"),
    "photometry": gettext_lazy("Magnitudes only"),
}
MEASURES: dict[str, str | Promise] = {
    "macro_f1": gettext_lazy("Macro F1"),
    "accuracy": gettext_lazy("Accuracy"),
    "within_one": gettext_lazy("Within one"),
    "ece": gettext_lazy("Calibration error"),
}
#: The same in the height of a table's head.
SHORT = {"macro_f1": "F1", "accuracy": gettext_lazy("Accuracy"), "within_one": "± 1", "ece": "ECE"}


def modality_title(name: str) -> str:
    """What an answer rests on."""
    return str(MODALITIES.get(name, name))


def modalities_of(report: dict[str, Any]) -> list[str]:
    """The modalities that were scored, the fused answer first."""
    known = report.get("scores", {}).get("all", {})
    return [name for name in MODALITIES if name in known]


def score_rows(report: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a modality, its groups beside one another, each with its measures and their errors."""
    scores = report.get("scores", {})
    best = {group: _best_f1(scores.get(group, {})) for group in GROUPS}
    rows = []
    for name in modalities_of(report):
        cells = []
        for group in GROUPS:
            found = scores.get(group, {}).get(name) or {}
            f1 = found.get("macro_f1")
            measures = [
                {
                    "key": key,
                    "title": title,
                    "short": SHORT[key],
                    "value": found.get(key),
                    "error": found.get(f"{key}_error"),
                }
                for key, title in MEASURES.items()
            ]
            cells.append({"group": group, "title": GROUPS[group], "n": found.get("n"), "measures": measures,
                          "is_best": f1 is not None and f1 == best[group]})  # fmt: skip
        rows.append({"name": name, "title": modality_title(name), "cells": cells})
    return rows


def headline(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The four numbers of the fused answer over all stars."""
    found = report.get("scores", {}).get("all", {}).get("fusion") or {}
    return [
        {"label": title, "value": found[key], "error": found.get(f"{key}_error")}
        for key, title in MEASURES.items()
        if found.get(key) is not None
    ]


def calibration_series(report: dict[str, Any]) -> list[dict[str, Any]]:
    """What the diagram draws: for each modality the bins that hold stars."""
    series = []
    for name, bins in report.get("calibration", {}).items():
        known = [found for found in bins if found.get("n") and found.get("accuracy") is not None]
        if known:
            series.append({
                "name": modality_title(name), "x": [found["confidence"] for found in known],
                "y": [found["accuracy"] for found in known], "n": [found["n"] for found in known],
            })  # fmt: skip
    return series


def class_rows(report: dict[str, Any], modality: str) -> list[dict[str, Any]]:
    """Precision, recall and F1 of each class."""
    return list(report.get("per_class", {}).get(modality, []))


def _best_f1(scores: dict[str, Any]) -> float | None:
    known = (found.get("macro_f1") for found in scores.values() if found)
    return max((value for value in known if value is not None), default=None)
