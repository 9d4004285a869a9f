"""What a classifier's report says, arranged for the pages: scores, confusion, calibration, worst cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
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
#: Shades of a cell in the style sheet: 0 is the ground, the last is the strongest.
SHADES = 10


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


def confusion_view(
    classes: Sequence[str], counts: Sequence[Sequence[int]], address: Callable[[int, int], str]
) -> dict[str, Any]:
    """A confusion matrix as rows of cells.

    Args:
        classes: Names of the classes; ``counts`` may have one column more, for "none of them".
        counts: Stars by label (rows) and answer (columns).
        address: Page with the stars of a cell, from its row and column.
    """
    columns = [*classes, *([_("none")] if counts and len(counts[0]) > len(classes) else [])]
    rows = []
    for at, name in enumerate(classes):
        total = sum(counts[at])
        cells = [
            {"count": count, "share": count / total if total else None, "url": address(at, column) if count else "",
             "shade": shade(count, total), "is_right": column == at, "column": columns[column]}
            for column, count in enumerate(counts[at])
        ]  # fmt: skip
        rows.append({"name": name, "cells": cells, "total": total, "recall": counts[at][at] / total if total else None})
    sums = [sum(row[column] for row in counts) for column in range(len(columns))]
    precision = [counts[at][at] / sums[at] if sums[at] and at < len(classes) else None for at in range(len(columns))]
    return {"columns": columns, "rows": rows, "precision": precision, "total": sum(sums)}


def shade(count: int, total: int) -> int:
    """How strongly a cell is tinted by its share of the row: 0 to 9, and at least 1 where there is anybody."""
    if not count or not total:
        return 0
    return max(1, min(SHADES - 1, round((SHADES - 1) * count / total)))


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
