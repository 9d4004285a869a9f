"""Files about a trained network: scores by class, confusion of pixels, the worst images with their maps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ml_core.data.annotations.rle import encode_mask
from ml_core.data.manifest import Item
from ml_core.run.context import RunContext
from ml_core.run.files import write_json_atomic
from ml_core.vision.segmentation.data import resample
from ml_core.vision.segmentation.metrics.image_score import ImageScore
from ml_core.vision.segmentation.metrics.summary import Summary, summarise
from ml_core.vision.segmentation.truth import BACKGROUND, Map

BACKGROUND_NAME = "background"
_WORST = 24
_LONGEST = 320  # pixels; maps are drawn small, so that a table of them stays small
Looked = tuple[ImageScore, Item, Map, Map]


def worst_of(scores: Sequence[ImageScore]) -> list[ImageScore]:
    """Images with faults, by rising mean IoU of the classes that they show or are said to show."""
    faulty = [score for score in scores if (score.cells[:, 0] != score.cells[:, 1]).any()]
    return sorted(faulty, key=lambda score: (_miou(score), score.index))[:_WORST]


def write_report(
    run: RunContext, phase: str, scores: Sequence[ImageScore], worst: Sequence[Looked], classes: list[str]
) -> None:
    """Write ``<phase>/segmentation.json``, ``confusion.json`` and ``worst_masks.json``.

    Args:
        run: The run.
        phase: ``val`` or ``test``.
        scores: Of all images.
        worst: The worst ones with their facts, true and predicted map.
        classes: Names, without the background.
    """
    names = [BACKGROUND_NAME, *classes]
    summary = summarise(scores, len(names))
    images = np.zeros(len(names), dtype=np.int64)
    for score in scores:
        images[np.unique(score.cells[:, 0])] += 1
    tables: dict[str, dict[str, Any]] = {
        "segmentation.json": {
            "phase": phase,
            "classes": names,
            "images": len(scores),
            "scores": {name: _number(value) for name, value in summary.scores.items()},
            "rows": _per_class(summary, names, images.tolist()),
        },
        "confusion.json": {"phase": phase, "classes": names, "unit": "pixels", "matrix": summary.matrix.tolist()},
        "worst_masks.json": {"phase": phase, "classes": classes, "rows": [_drawn(*one) for one in worst]},
    }
    for name, table in tables.items():
        path = run.artifact_path(f"{phase}/{name}")
        write_json_atomic(path, table)
        run.artifact(path, "application/json")


def _per_class(summary: Summary, names: list[str], images: list[int]) -> list[dict[str, Any]]:
    columns = {
        "iou": summary.iou,
        "dice": summary.dice,
        "precision": summary.precision,
        "recall": summary.recall,
        "boundary_f1": summary.boundary_f1,
    }
    pixels = summary.matrix.sum(axis=1).tolist()
    return [
        {"class": name, **{key: _number(float(values[label])) for key, values in columns.items()},
         "pixels": pixels[label], "images": images[label]}
        for label, name in enumerate(names)
    ]  # fmt: skip


def _drawn(score: ImageScore, item: Item, truth: Map, found: Map) -> dict[str, Any]:
    """A row for a page that draws both maps over the image."""
    scale = min(1.0, _LONGEST / max(item.width, item.height))
    height, width = max(1, round(item.height * scale)), max(1, round(item.width * scale))
    pixels = score.cells[:, 2].sum()
    wrong = score.cells[score.cells[:, 0] != score.cells[:, 1], 2].sum()
    return {
        "path": item.path,
        "width": item.width,
        "height": item.height,
        "miou": round(_miou(score), 5),
        "wrong": round(float(wrong / pixels), 5),
        "size": [height, width],
        "true": _runs(resample(truth, height, width)),
        "predicted": _runs(resample(found, height, width)),
    }


def _runs(classes: Map) -> list[dict[str, Any]]:
    """Run lengths of each class by its index in the data set; -1 is unknown. The background has none."""
    return [
        {"index": int(label) - 1 if label > BACKGROUND else -1, "counts": encode_mask(classes == label).tolist()}
        for label in np.unique(classes)
        if label != BACKGROUND
    ]


def _miou(score: ImageScore) -> float:
    return summarise([score], int(score.cells[:, :2].max()) + 1).scores["miou"]


def _number(value: float) -> float | None:
    """NaN, where there is nothing to be found, is null in JSON."""
    return None if math.isnan(value) else value
