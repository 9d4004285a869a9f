"""Masks among the answers: as annotations of COCO, and as maps of classes."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ml_core.data.annotations.rle import mask_area, mask_bounds
from ml_core.vision.segmentation.label_maps import label_png


def mask_annotation(mask: dict[str, Any], size: tuple[int, int]) -> dict[str, Any]:
    """Segmentation, area and box of a mask of ``size`` (height, width), as COCO writes them."""
    counts = np.array(mask["counts"], dtype=np.int64)
    segmentation = {"size": list(size), "counts": mask["counts"]}
    return {"segmentation": segmentation, "area": mask_area(counts), "bbox": list(mask_bounds(size[0], counts))}


def write_label_maps(folder: Path, records: Iterable[dict[str, Any]], classes: int) -> str:
    """Leave ``predictions.masks.zip`` with a PNG for each image; returns its name."""
    name = "predictions.masks.zip"
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_STORED) as packed:  # PNG is packed already
        for record in records:
            if record["error"] is None:
                at = f"/{record['frame']:06d}" if "frame" in record else ""
                packed.writestr(f"{record['path']}{at}.png", label_png(record, classes))
    return name
