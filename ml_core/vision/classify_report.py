"""Files about a trained classifier: confusion, scores of each class, predictions, and the images it got most wrong."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from ml_core.data.manifest import safe_cell
from ml_core.run.context import RunContext
from ml_core.run.files import write_json_atomic
from ml_core.vision.scores import Predictions, confusion_matrix, per_class

_WORST = 48


def write_report(run: RunContext, phase: str, predictions: Predictions, classes: list[str], paths: list[str]) -> None:
    """Write ``<phase>/confusion.json``, ``per_class.json``, ``worst.json`` and ``predictions.csv``."""
    matrix = confusion_matrix(predictions.label, predictions.top[:, 0], len(classes))
    tables: dict[str, dict[str, Any]] = {
        "confusion.json": {"phase": phase, "classes": classes, "matrix": matrix.tolist()},
        "per_class.json": {"phase": phase, "rows": per_class(predictions, classes)},
        "worst.json": {"phase": phase, "rows": _worst(predictions, classes, paths)},
    }
    for name, table in tables.items():
        path = run.artifact_path(f"{phase}/{name}")
        write_json_atomic(path, table)
        run.artifact(path, "application/json")
    path = run.artifact_path(f"{phase}/predictions.csv")
    _write_predictions(path, predictions, classes, paths)
    run.artifact(path, "text/csv")


def _worst(predictions: Predictions, classes: list[str], paths: list[str]) -> list[dict[str, Any]]:
    order = np.argsort(-predictions.loss, kind="stable")[:_WORST]
    return [
        {
            "path": paths[int(predictions.index[row])],
            "class": classes[int(predictions.label[row])],
            "predicted": classes[int(predictions.top[row, 0])],
            "probability": float(predictions.probability[row, 0]),
            "loss": float(predictions.loss[row]),
        }
        for row in order
    ]


def _write_predictions(path: Path, predictions: Predictions, classes: list[str], paths: list[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["path", "class", "predicted", "probability", "loss", "correct"])
        for row, index in enumerate(predictions.index):
            label, predicted = int(predictions.label[row]), int(predictions.top[row, 0])
            writer.writerow(
                [
                    safe_cell(paths[int(index)]),
                    safe_cell(classes[label]),
                    safe_cell(classes[predicted]),
                    f"{predictions.probability[row, 0]:.6f}",
                    f"{predictions.loss[row]:.6f}",
                    int(label == predicted),
                ]
            )
