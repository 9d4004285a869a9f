"""Scores of a recogniser: how often right, by character and source, what is confused, whether confidence is honest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.anime.recognise.calibration import calibration_bins, calibration_error

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_TOP: Final = 5
_WORST: Final = 48  # pictures that a page shows as the worst cases


def summary(probabilities: Floats, labels: Integers) -> dict[str, float]:
    """``top1``, ``top5``, ``macro`` (mean over characters), ``loss`` and ``ece`` of (N, C) probabilities."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    hits = order[:, 0] == labels
    own = probabilities[np.arange(len(labels)), labels]
    return {
        "top1": float(hits.mean()),
        "top5": float((order[:, :_TOP] == labels[:, None]).any(axis=1).mean()),
        "macro": float(np.mean([hits[labels == label].mean() for label in np.unique(labels)])),
        "loss": float(-np.log(np.maximum(own, 1e-12)).mean()),
        "ece": calibration_error(probabilities.max(axis=1), hits),
    }


def full_report(
    probabilities: Floats, labels: Integers, characters: Sequence[str], sources: Sequence[str], paths: Sequence[str]
) -> dict[str, Any]:
    """All that a page shows about judged pictures.

    Args:
        probabilities: (N, C).
        labels: (N,).
        characters: Names of the C characters.
        sources: Source of each picture; empty ones are left out of the table by source.
        paths: Path of each picture.
    """
    predicted = probabilities.argmax(axis=1)
    hits = predicted == labels
    confusion = np.zeros((len(characters), len(characters)), dtype=np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    by_source = np.asarray(sources)
    answers = _answers(probabilities, labels, characters, paths)
    return {
        "scores": summary(probabilities, labels),
        "images": len(labels),
        "characters": [_character_row(confusion, number, name) for number, name in enumerate(characters)],
        "sources": {
            name: {"images": int((by_source == name).sum()), "top1": float(hits[by_source == name].mean())}
            for name in sorted(set(sources) - {""})
        },
        "confusion": {"classes": list(characters), "matrix": confusion.tolist()},
        "calibration": calibration_bins(probabilities.max(axis=1), hits),
        "worst": [dict(row) for row in answers[:_WORST]],
        "answers": answers,
    }


def _character_row(confusion: Integers, number: int, name: str) -> dict[str, Any]:
    own, total, named = confusion[number, number], confusion[number].sum(), confusion[:, number].sum()
    others = confusion[number].copy()
    others[number] = 0
    return {
        "character": name,
        "images": int(total),
        "recall": float(own / total) if total else None,
        "precision": float(own / named) if named else None,
        "taken_for": int(others.argmax()) if others.any() else None,
    }


def _answers(
    probabilities: Floats, labels: Integers, characters: Sequence[str], paths: Sequence[str]
) -> list[dict[str, Any]]:
    """One row for each picture, the worst first: those whose own character got the least."""
    own = probabilities[np.arange(len(labels)), labels]
    return [
        {
            "path": paths[row],
            "character": characters[labels[row]],
            "predicted": characters[int(probabilities[row].argmax())],
            "confidence": float(probabilities[row].max()),
            "own": float(own[row]),
        }
        for row in np.argsort(own, kind="stable")
    ]


def unknown_auroc(known: Floats, strangers: Floats) -> float:
    """How well familiarity tells known from unknown pictures: the share of pairs in the right order, ties half."""
    values = np.concatenate([known, strangers])
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    above = ranks[: len(known)].sum() - len(known) * (len(known) + 1) / 2
    return float(above / (len(known) * len(strangers)))
