"""Boxes, polygons and masks of images as pages and the API show them, read from the version's annotation table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np

from cvstudio.datasets.models import DatasetImage, DatasetVersion
from ml_core.data.annotations.builder import CROWD, DERIVED, POLYGONS
from ml_core.data.annotations.table import AnnotationTable

#: Small pictures show no more boxes than this, and no finer polygons than this many steps along a side.
SHOWN_ON_SMALL: Final = 80
_STEPS_ON_SMALL: Final = 160
#: Masks of more runs than this are shown as their box: the page would get too heavy.
_MOST_RUNS: Final = 20_000
_FLAGS: Final = ((CROWD, "crowd"), (2, "difficult"), (4, "truncated"), (8, "occluded"), (DERIVED, "from_shape"))

Shape = dict[str, Any]


def open_table(version: DatasetVersion) -> AnnotationTable:
    """The annotations of a version with boxes.

    Raises:
        FormatError: They are damaged or missing.
    """
    return AnnotationTable(Path(version.folder))


def shapes_of(table: AnnotationTable, image: DatasetImage) -> list[Shape]:
    """Everything that is said of an image.

    Returns:
        For each annotation ``row`` (in the table), ``label`` (-1 without a class), ``category`` (its number in the
        file), ``box`` (left, top, right, bottom in pixels of the upright image), ``kind`` (``box``, ``polygons``,
        ``mask``), ``polygons`` (lists of x, y, x, y...), ``mask`` ({height, width, counts} column by column),
        ``flags`` and ``attributes``.
    """
    rows = table.of_image(image.position)
    corners = table.corners_of(image.position, image.width, image.height).round(3).tolist()
    return [_described(table, row, box, image) for row, box in zip(rows, corners, strict=True)]


def small_shapes(table: AnnotationTable, images: Iterable[DatasetImage]) -> list[list[Shape]]:
    """For small pictures: ``row``, ``label``, ``box`` and coarse ``polygons`` of the first boxes of each image."""
    drawn = []
    for image in images:
        rows = table.of_image(image.position)
        corners = table.corners_of(image.position, image.width, image.height).round(1).tolist()
        step = max(image.width, image.height) / _STEPS_ON_SMALL
        drawn.append([
            {"row": row, "label": int(table.label[row]), "box": box, "polygons": _coarse(table, row, image, step)}
            for row, box in list(zip(rows, corners, strict=True))[:SHOWN_ON_SMALL]
        ])  # fmt: skip
    return drawn


def _described(table: AnnotationTable, row: int, box: list[float], image: DatasetImage) -> Shape:
    kind, flags, attribute = int(table.kind[row]), int(table.flags[row]), int(table.attribute[row])
    polygons = [ring.round(2).ravel().tolist() for ring in table.polygons(row, image.width, image.height)]
    runs = table.run_lengths(row)
    is_mask = runs is not None and len(runs[2]) <= _MOST_RUNS
    return {
        "row": row, "label": int(table.label[row]), "category": int(table.category[row]), "box": box,
        "kind": "polygons" if kind == POLYGONS else "mask" if kind else "box",
        "polygons": polygons,
        "mask": {"height": runs[0], "width": runs[1], "counts": runs[2].tolist()} if runs and is_mask else None,
        "flags": [name for bit, name in _FLAGS if flags & bit],
        "attributes": table.attributes[attribute] if attribute >= 0 else {},
    }  # fmt: skip


def _coarse(table: AnnotationTable, row: int, image: DatasetImage, step: float) -> list[list[float]]:
    rings = []
    for ring in table.polygons(row, image.width, image.height):
        cells = np.round(ring / step)
        kept = np.ones(len(cells), dtype=bool)
        kept[1:] = (cells[1:] != cells[:-1]).any(axis=1)
        rings.append(ring[kept].round(1).ravel().tolist())
    return rings
