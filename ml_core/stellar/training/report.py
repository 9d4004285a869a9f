"""The final report of the best model on the validation stars."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.stellar.metrics import (
    GROUPS,
    MEASURES,
    calibration_bins,
    class_scores,
    confusion_matrix,
    group_masks,
    score_groups,
)
from ml_core.stellar.predict.classification import Classification
from ml_core.stellar.spectra.subclass import CLASSES

_WORST: Final = 50
FUSION: Final = "fusion"


def full_report(answers: Classification, arrays: Mapping[str, NDArray[Any]], *, seed: int = 0) -> dict[str, Any]:
    """Scores by S/N group and modality with errors, confusion, calibration, and the worst answers.

    Args:
        answers: About the rows of ``arrays``.
        arrays: ``label``, ``sn`` and ``name``; stars without a class are not scored.
        seed: Of the bootstrap behind the errors.
    """
    labels = np.asarray(arrays["label"])
    scores, confusion = source_scores(answers, arrays, seed=seed)
    per_class, calibration = {}, {}
    for source, (kept, probabilities) in _sources(answers, labels).items():
        per_class[source] = class_scores(confusion_matrix(labels[kept], probabilities.argmax(1)))
        calibration[source] = calibration_bins(probabilities, labels[kept])
    return {
        "classes": list(CLASSES),
        "n": int((labels >= 0).sum()),
        "scores": scores,
        "confusion": confusion,
        "per_class": per_class,
        "calibration": calibration,
        "worst": worst_answers(answers, arrays),
        "classification_report": as_text(per_class[FUSION], scores["all"][FUSION]) if FUSION in per_class else "",
    }


def source_scores(
    answers: Classification, arrays: Mapping[str, NDArray[Any]], *, seed: int = 0
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Scores with errors, and confusion, by S/N group and source."""
    labels, sn = np.asarray(arrays["label"]), np.asarray(arrays["sn"])
    scores: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
    confusion: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
    for source, (kept, probabilities) in _sources(answers, labels).items():
        masks = group_masks(sn[kept])
        for group, found in score_groups(probabilities, labels[kept], sn[kept], seed=seed).items():
            scores[group][source] = _flat(found)
            rows = masks[group]
            confusion[group][source] = confusion_matrix(labels[kept][rows], probabilities[rows].argmax(1)).tolist()
    return scores, confusion


def _sources(answers: Classification, labels: NDArray[Any]) -> dict[str, tuple[NDArray[np.bool_], NDArray[np.float64]]]:
    """Which stars have a class and an answer, and the answers, by source; sources that answer nobody are left out."""
    everything = {FUSION: answers.probabilities, **answers.by_modality}
    found = {}
    for source, given in everything.items():
        kept = np.isfinite(given).all(1) & (labels >= 0)
        if kept.any():
            probabilities = np.asarray(given[kept], np.float64)
            found[source] = kept, probabilities / probabilities.sum(1, keepdims=True)
    return found


def worst_answers(
    answers: Classification, arrays: Mapping[str, NDArray[Any]], count: int = _WORST
) -> list[dict[str, Any]]:
    """Wrong answers of the fused model, the most confident first."""
    labels = np.asarray(arrays["label"])
    wrong = np.flatnonzero((labels >= 0) & (answers.label != labels))
    order = wrong[np.argsort(-answers.confidence[wrong], kind="stable")][:count]
    return [
        {
            "name": str(arrays["name"][row]),
            "label": CLASSES[labels[row]],
            "predicted": CLASSES[answers.label[row]],
            "confidence": round(float(answers.confidence[row]), 6),
            "sn": round(float(arrays["sn"][row]), 3),
        }
        for row in order
    ]


def as_text(rows: list[Any], total: Mapping[str, Any]) -> str:
    """The classification report as a table of plain text, for the log and the history."""
    lines = [f"{'':>12} {'precision':>9} {'recall':>9} {'f1-score':>9} {'support':>9}", ""]
    for row in rows:
        lines.append(_line(row["class"], row["precision"], row["recall"], row["f1"], row["n"]))
    present = [row for row in rows if row["n"]]
    stars = sum(row["n"] for row in present)
    lines += ["", f"{'accuracy':>12} {'':>9} {'':>9} {total['accuracy']:>9.3f} {stars:>9}"]
    for title, weights in (("macro avg", [1] * len(present)), ("weighted avg", [row["n"] for row in present])):
        precision, recall, f1 = (
            float(np.average([row[key] for row in present], weights=weights)) for key in ("precision", "recall", "f1")
        )
        lines.append(_line(title, precision, recall, f1, stars))
    return "\n".join(lines)


def _line(title: str, precision: float, recall: float, f1: float, stars: int) -> str:
    return f"{title:>12} {precision:>9.3f} {recall:>9.3f} {f1:>9.3f} {stars:>9}"


def _flat(found: Mapping[str, Any]) -> dict[str, Any]:
    measures = {name: _rounded(found[name]) for name in MEASURES}
    errors = {f"{name}_error": _rounded(found["error"][name]) for name in MEASURES}
    return {"n": found["n"], **measures, **errors}


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 6)
