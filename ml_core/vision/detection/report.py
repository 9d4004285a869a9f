"""Files about a trained detector: average precisions, curves, confusion with background, worst images, all boxes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml_core.run.context import RunContext
from ml_core.run.files import write_json_atomic
from ml_core.vision.detection.coco_results import as_coco
from ml_core.vision.detection.metrics.average_precision import best_threshold
from ml_core.vision.detection.metrics.confusion import confusion_with_background
from ml_core.vision.detection.metrics.judgement import SIZES, Found, Judgement, curve, judge
from ml_core.vision.detection.metrics.worst import worst_images
from ml_core.vision.detection.truth import LabelledImage

_WORST = 48


@dataclass(frozen=True)
class Report:
    """The files of a phase, by name, and the score from which on a box counts.

    Attributes:
        threshold: Of the highest F1 over all classes.
    """

    phase: str
    threshold: float
    tables: dict[str, dict[str, Any]]


def make_report(
    phase: str,
    images: Sequence[LabelledImage],
    found: Sequence[Found],
    classes: list[str],
    *,
    threshold: float | None = None,
) -> Report:
    """Judge the boxes of a phase.

    Args:
        phase: ``val`` or ``test``.
        images: With what is true.
        found: In each image.
        classes: Names.
        threshold: Score from which on a box counts; None chooses it here.
    """
    truths = [image.truth for image in images]
    judgement = judge(truths, found, len(classes), sizes=tuple(SIZES))
    if threshold is None:
        threshold = _threshold(judgement)
    matrix = confusion_with_background(truths, found, len(classes), threshold)
    scores = {f"map_{size}": judgement.mean(size) for size in SIZES if size != "all"}
    scores = {"map": judgement.mean(), "map50": judgement.mean(overlap=0.5), "map75": judgement.mean(overlap=0.75),
              **scores}  # fmt: skip
    detection = {
        "phase": phase,
        "classes": classes,
        "images": len(images),
        "threshold": threshold,
        "scores": {name: _number(value) for name, value in scores.items()},
        "rows": _per_class(judgement, matrix, classes),
        "curves": [{"class": name, **curve(table)} for name, table in zip(classes, judgement.tables, strict=True)],
    }
    tables = {
        "detection.json": detection,
        "confusion.json": {
            "phase": phase,
            "classes": classes,
            "background": True,
            "threshold": threshold,
            "matrix": matrix.tolist(),
        },
        "worst_boxes.json": {
            "phase": phase,
            "classes": classes,
            "threshold": threshold,
            "rows": worst_images(images, found, threshold, _WORST),
        },
    }
    return Report(phase, threshold, tables)


def write_report(run: RunContext, report: Report, images: Sequence[LabelledImage], found: Sequence[Found]) -> None:
    """Write ``<phase>/detection.json``, ``confusion.json``, ``worst_boxes.json`` and ``predictions.coco.json``."""
    classes = report.tables["detection.json"]["classes"]
    items = [(image.item.path, image.item.width, image.item.height) for image in images]
    for name, table in {**report.tables, "predictions.coco.json": as_coco(items, found, classes)}.items():
        path = run.artifact_path(f"{report.phase}/{name}")
        write_json_atomic(path, table)
        run.artifact(path, "application/json")


def _threshold(judgement: Judgement) -> float:
    """Of the highest F1, all classes together."""
    counted = [table.counted() for table in judgement.tables]
    if not counted:
        return 0.5
    scores, hits = (np.concatenate(parts) for parts in zip(*counted, strict=True))
    return round(best_threshold(scores, hits, sum(table.objects for table in judgement.tables))[0], 4)


def _per_class(judgement: Judgement, matrix: Any, classes: list[str]) -> list[dict[str, Any]]:
    """One row a class: average precisions, and what holds at the threshold."""
    rows = []
    all_sizes, small, medium, large = judgement.precision
    for label, name in enumerate(classes):
        right = int(matrix[label, label])
        predicted, objects = int(matrix[:, label].sum()), int(matrix[label].sum())
        row: dict[str, Any] = {
            "class": name,
            "ap": all_sizes[label].mean(),
            "ap50": all_sizes[label, 0],
            "ap75": all_sizes[label, 5],
            "ap_small": small[label].mean(),
            "ap_medium": medium[label].mean(),
            "ap_large": large[label].mean(),
            "precision": right / predicted if predicted else 0.0,
            "recall": right / objects if objects else 0.0,
            "f1": 2 * right / (predicted + objects) if predicted + objects else 0.0,
        }
        rows.append({**{key: _number(value) for key, value in row.items()}, "support": objects})
    return rows


def _number(value: Any) -> Any:
    """NaN, where there is nothing to be found, is null in JSON."""
    if isinstance(value, str):
        return value
    return None if math.isnan(value) else float(value)
