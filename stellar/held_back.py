"""The stars that a training held back, from the table of answers that it left."""

from __future__ import annotations

import csv
from typing import Any

from cvstudio.weights.models import WeightVersion
from ml_core.stellar.spectra.snr import GROUP_LIMIT
from ml_core.stellar.spectra.subclass import CLASSES
from stellar.classifier_files import answers_file
from stellar.errors import StellarError

#: Columns of the answer and of its confidence, by what it rests on.
COLUMNS = {
    "fusion": ("predicted", "confidence"),
    "spectrum": ("spectrum_class", "spectrum_confidence"),
    "image": ("image_class", "image_confidence"),
    "photometry": ("photometry_class", "photometry_confidence"),
}


def held_back_stars(
    version: WeightVersion, actual: str, answer: str, group: str, modality: str
) -> list[dict[str, Any]]:
    """Stars of one cell of the confusion matrix, the surest answers first; an empty class is any.

    Raises:
        StellarError: ``stellar.no_answers``: the run's table is gone, or the modality has no answers.
    """
    rows = [_star(row, modality) for row in _rows(version)]
    cell = [
        row
        for row in rows
        if actual in ("", row["label"]) and answer in ("", row["predicted"]) and _fits(row["sn"], group)
    ]
    return sorted(cell, key=lambda row: -(row["confidence"] or 0.0))


def _rows(version: WeightVersion) -> list[dict[str, str]]:
    path = answers_file(version)
    if path is None or not path.is_file():
        raise StellarError("The answers to single stars are gone.", code="stellar.no_answers",
                           hint="They lie with the run that made the classifier.")  # fmt: skip
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _star(row: dict[str, str], modality: str) -> dict[str, Any]:
    answer, confidence = COLUMNS[modality if modality in COLUMNS else "fusion"]
    predicted = row.get(answer, "") or (_most_likely(row) if answer == "predicted" else "")
    return {"name": row.get("name", ""), "label": row.get("label", ""), "predicted": predicted,
            "confidence": _number(row.get(confidence)), "sn": _number(row.get("sn"))}  # fmt: skip


def _most_likely(row: dict[str, str]) -> str:
    """The matrix counts the likeliest class, also of a star that was said to be none of them."""
    shares = {name: _number(row.get(f"p_{name}")) for name in CLASSES}
    known = {name: share for name, share in shares.items() if share is not None}
    return max(known, key=lambda name: known[name]) if known else ""


def _fits(sn: float | None, group: str) -> bool:
    is_low = sn is None or sn < GROUP_LIMIT
    return group == "all" or (group == "low") == is_low


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
