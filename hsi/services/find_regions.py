"""The strongest regions of a map: place, size, score, and their spectrum against that of the background."""

from __future__ import annotations

from typing import Any

import numpy as np

from hsi.models import AnomalyMap
from hsi.services.open_scene import open_scene
from hsi.services.read_map import checked_method, chosen_threshold, open_map


def map_regions(
    anomaly_map: AnomalyMap, method: str = "", *, threshold: float | None = None, count: int = 20
) -> dict[str, Any]:
    """Connected pixels above a threshold, the strongest first: ``{method, threshold, regions}``.

    Args:
        anomaly_map: A ready map.
        method: One of its methods; the main one when empty.
        threshold: From which score on a pixel belongs to a region; without one the highest per cent of them.
        count: How many at most.

    Raises:
        NotFoundError: There is no such method.
    """
    from ml_core.hsi.metrics.regions import strongest_regions  # scipy: not when the web process starts

    values = np.asarray(open_map(anomaly_map, method))
    chosen = chosen_threshold(values, threshold)
    sensor = anomaly_map.scene.sensor
    found = strongest_regions(
        values, open_scene(anomaly_map.scene), count=count, threshold=threshold,
        pixel_size_m=sensor.pixel_size_m if sensor else None,
    )  # fmt: skip
    return {"method": checked_method(anomaly_map, method), "threshold": chosen, "regions": found}
