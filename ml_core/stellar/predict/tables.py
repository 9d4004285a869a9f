"""Answers as files: one row a star, columns for the map of the embedding, and the counts of a whole survey."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.data.manifest import safe_cell
from ml_core.stellar.predict.classification import Classification, answer_of
from ml_core.stellar.spectra.subclass import CLASSES

SOURCES: Final = ("spectrum", "image", "photometry")
COLUMNS: Final = (
    "name", "modality", "predicted", "confidence", *(f"p_{name}" for name in CLASSES), "type", "type_sd", "novelty",
    "is_member", "disagrees", *(f"{source}_{what}" for source in SOURCES for what in ("class", "confidence")), "label",
    "sn", "problem",
)  # fmt: skip
NONE: Final = "none"


def predictions_csv(
    answers: Classification, names: Sequence[str], labels: NDArray[Any], sn: NDArray[Any],
    problems: Mapping[str, str] | None = None,
) -> str:  # fmt: skip
    """One row for each star: those that were classified in order, then those that could not be, with the reason.

    Args:
        answers: About the stars ``names``.
        names: As text; they are beyond what spreadsheets and JSON hold as numbers.
        labels: (N,) known classes, -1 unknown.
        sn: (N,) S/N.
        problems: Why other stars were not classified, by name.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    columns = _columns(answers)
    for row, name in enumerate(names):
        alone: list[str] = []
        for source in SOURCES:
            found = answer_of(answers.by_modality[source], row) if source in answers.by_modality else None
            alone += [found["class"], f"{found['confidence']:.6g}"] if found else ["", ""]
        writer.writerow([
            safe_cell(name), answers.modality[row], *(column[row] for column in columns), *alone,
            CLASSES[labels[row]] if labels[row] >= 0 else "", f"{sn[row]:.6g}", "",
        ])  # fmt: skip
    for name, problem in (problems or {}).items():
        writer.writerow([safe_cell(name), *[""] * (len(COLUMNS) - 2), safe_cell(problem)])
    return text.getvalue()


def _columns(answers: Classification) -> list[list[str]]:
    """The columns from ``predicted`` to ``disagrees`` as text."""
    numbers = [answers.confidence, *answers.probabilities.T, answers.type_mean, answers.type_sd, answers.novelty]
    return [
        [CLASSES[label] if label >= 0 else "" for label in answers.predicted],
        *([f"{value:.6g}" for value in column] for column in numbers),
        *([str(int(value)) for value in column] for column in (answers.is_member, answers.disagrees)),
    ]


def embedding_columns(
    answers: Classification, places: NDArray[Any], names: Sequence[str], labels: NDArray[Any], sn: NDArray[Any]
) -> dict[str, Any]:
    """The map of the embedding as columns of equal length; classes as positions, -1 for unknown and for none.

    Args:
        answers: About N stars.
        places: (N, 2) where each stands on the map.
        names: (N,).
        labels: (N,).
        sn: (N,).
    """
    return {
        "classes": list(CLASSES),
        "names": [str(name) for name in names],
        "x": _rounded(places[:, 0]),
        "y": _rounded(places[:, 1]),
        "label": [int(label) for label in labels],
        "predicted": answers.predicted.tolist(),
        "sn": _rounded(sn),
        "novelty": _rounded(answers.novelty),
    }


def counts(answers: Classification) -> dict[str, Any]:
    """How many stars got which answer, what was looked at, and where the single answers contradict each other."""
    found = Counter(answers.predicted.tolist())
    return {
        "classified": len(answers),
        "counts": {name: found.get(label, 0) for label, name in enumerate(CLASSES)} | {NONE: found.get(-1, 0)},
        "modalities": {name: int((answers.modality == name).sum()) for name in ("both", "spectrum", "image", "none")},
        "disagreements": int(answers.disagrees.sum()),
    }


def _rounded(values: NDArray[Any]) -> list[float]:
    rounded: list[float] = np.round(np.asarray(values, np.float64), 4).tolist()
    return rounded
