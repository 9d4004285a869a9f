"""What a pixel resembles: the background spectra that are nearest to its own."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsi.models import AnomalyMap, Scene
from hsi.services.open_scene import checked_pixel, open_scene
from hsi.services.read_map import open_map


def scene_neighbours(scene: Scene, row: int, column: int, *, count: int = 5) -> dict[str, Any]:
    """The nearest spectra outside the surroundings of a pixel.

    Raises:
        NotFoundError: There is no such pixel.
        MetricError: Nothing was measured there.
    """
    return _neighbours(scene, None, row, column, count)


def map_neighbours(
    anomaly_map: AnomalyMap, row: int, column: int, *, method: str = "", count: int = 5
) -> dict[str, Any]:
    """The nearest spectra among the pixels that a map calls background.

    Raises:
        NotFoundError: There is no such pixel or method.
        MetricError: Nothing was measured there.
    """
    return _neighbours(anomaly_map.scene, np.asarray(open_map(anomaly_map, method)), row, column, count)


def _neighbours(scene: Scene, scores: NDArray[np.float32] | None, row: int, column: int, count: int) -> dict[str, Any]:
    from ml_core.hsi.metrics.neighbours import nearest_background  # scipy: not when the web process starts

    row, column = checked_pixel(scene, row, column)
    found = nearest_background(open_scene(scene), row, column, scores=scores, count=count)
    return {"row": row, "column": column, "neighbours": [asdict(place) for place in found]}
