"""Detections as COCO writes them: images, categories, and an annotation with a score for each box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ml_core.vision.detection.metrics.judgement import Found


def as_coco(images: Sequence[tuple[str, int, int]], found: Sequence[Found], classes: Sequence[str]) -> dict[str, Any]:
    """One document; its ``annotations`` alone are what COCO calls results.

    Args:
        images: Path, width and height of each.
        found: In each.
        classes: Names; the ids of categories begin at 1.
    """
    annotations: list[dict[str, Any]] = []
    for number, detections in enumerate(found, start=1):
        for box, score, label in zip(detections.boxes, detections.scores, detections.labels, strict=True):
            left, top, right, bottom = (round(float(value), 2) for value in box)
            width, height = round(right - left, 2), round(bottom - top, 2)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": int(label) + 1,
                    "bbox": [left, top, width, height],
                    "area": round(width * height, 2),
                    "iscrowd": 0,
                    "score": round(float(score), 5),
                }
            )
    return {
        "images": [
            {"id": number, "file_name": path, "width": width, "height": height}
            for number, (path, width, height) in enumerate(images, start=1)
        ],
        "categories": [{"id": number, "name": name} for number, name in enumerate(classes, start=1)],
        "annotations": annotations,
    }
