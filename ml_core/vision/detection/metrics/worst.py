"""The images with the most faults, with everything that a page needs to draw them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ml_core.vision.detection.metrics.confusion import Pairing, pair
from ml_core.vision.detection.metrics.judgement import Found
from ml_core.vision.detection.truth import LabelledImage


def worst_images(
    images: Sequence[LabelledImage], found: Sequence[Found], threshold: float, count: int
) -> list[dict[str, Any]]:
    """Images by falling share of faults: missed objects, false alarms and wrong classes among all boxes.

    Returns:
        Rows with path, width, height, the counts of ``right``, ``wrong_class``, ``missed`` and ``false_alarms``, and
        ``boxes``: {box, class (index), kind, score or None}.
    """
    rows = []
    for image, detections in zip(images, found, strict=True):
        pairing = pair(image.truth, detections, threshold)
        row = judged_row(image, detections, pairing)
        faults = row["wrong_class"] + row["missed"] + row["false_alarms"]
        if faults:
            rows.append((faults / (faults + row["right"]), faults, row))
    rows.sort(key=lambda entry: entry[:2], reverse=True)
    return [row for _, _, row in rows[:count]]


def judged_row(image: LabelledImage, found: Found, pairing: Pairing) -> dict[str, Any]:
    """One image with its counts and boxes, as `worst_images` gives them."""
    truth, labels = image.truth, found.labels[pairing.rows]
    paired = pairing.object >= 0
    is_right = paired.copy()
    is_right[paired] = truth.labels[pairing.object[paired]] == labels[paired]
    kinds = np.where(is_right, "right", np.where(paired, "wrong_class", "false_alarm"))
    boxes = [
        {
            "box": found.boxes[row].round(1).tolist(),
            "class": int(found.labels[row]),
            "kind": str(kind),
            "score": round(float(found.scores[row]), 4),
        }
        for row, kind, partner in zip(pairing.rows, kinds, pairing.object, strict=True)
        if partner != -2
    ]
    boxes += [
        {"box": truth.boxes[row].round(1).tolist(), "class": int(truth.labels[row]), "kind": "missed", "score": None}
        for row in pairing.missed
    ]
    return {
        "path": image.item.path,
        "width": image.item.width,
        "height": image.item.height,
        "right": int(is_right.sum()),
        "wrong_class": int((paired & ~is_right).sum()),
        "missed": len(pairing.missed),
        "false_alarms": int((pairing.object == -1).sum()),
        "boxes": boxes,
    }
