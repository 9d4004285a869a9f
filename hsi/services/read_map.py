"""The numbers of a map: its values, scores against the mask, thresholds.

The metrics need scipy, which the web process imports when somebody asks for a score, not when it starts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsi.errors import NotFoundError, SceneError
from hsi.models import AnomalyMap
from hsi.services.open_scene import open_mask
from hsi.storage import existing, map_folder

#: 64 MB of float32: what a browser may hold for one map. Larger ones are thinned out, or downloaded.
MAX_VALUES = 16 << 20
SHARE = 0.01
"""Without a threshold the highest per cent of the pixels counts as anomalous."""


def checked_method(anomaly_map: AnomalyMap, method: str = "") -> str:
    """A method that the map has; without a name the main one.

    Raises:
        NotFoundError: It has no such method.
    """
    chosen = method or anomaly_map.main_method
    if chosen not in anomaly_map.methods:
        raise NotFoundError(f'This map has no method "{chosen[:40]}".', where="method",
                            hint=f"It has: {', '.join(anomaly_map.methods)}.")  # fmt: skip
    return chosen


def open_map(anomaly_map: AnomalyMap, method: str = "") -> NDArray[np.float32]:
    """The scores of one method, (H, W), mapped.

    Raises:
        NotFoundError: It has no such method.
        FilesMissingError: The file is gone.
    """
    facts = anomaly_map.methods[checked_method(anomaly_map, method)]
    path = existing(map_folder(anomaly_map) / facts["file"], "The map")
    values: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
    return values


def map_values(anomaly_map: AnomalyMap, method: str = "") -> bytes:
    """All scores as little-endian float32, row by row.

    Raises:
        SceneError: There are more than a browser may hold.
    """
    values = open_map(anomaly_map, method)
    if values.size > MAX_VALUES:
        raise SceneError(f"The map has {values.size:,} values, more than are sent at once.", code="hsi.map_too_large",
                         hint="Look at its picture, or export it as .npy.", where="method")  # fmt: skip
    return np.ascontiguousarray(values, "<f4").tobytes()


def map_curves(anomaly_map: AnomalyMap, method: str = "") -> dict[str, Any]:
    """ROC and precision-recall curves with their areas, and the 3-D ROC measures.

    Raises:
        NotFoundError: The scene has no mask.
        MetricError: The mask knows only one class.
    """
    from ml_core.hsi.metrics import curves_of

    mask = open_mask(anomaly_map.scene)
    values = np.asarray(open_map(anomaly_map, method))
    return {"method": checked_method(anomaly_map, method), **curves_of(values, mask)}


def threshold_count(anomaly_map: AnomalyMap, method: str = "", threshold: float | None = None) -> dict[str, Any]:
    """How many pixels lie at or above a threshold, and what of them the mask confirms.

    Raises:
        NotFoundError: There is no such method.
    """
    from ml_core.hsi.metrics import operating_points

    values = np.asarray(open_map(anomaly_map, method))
    chosen = chosen_threshold(values, threshold)
    mask = open_mask(anomaly_map.scene) if anomaly_map.scene.has_mask else None
    counted = operating_points(values, mask, [chosen])[0]
    return {"method": checked_method(anomaly_map, method), "threshold": chosen, "pixels": int(values.size), **counted}


def chosen_threshold(values: NDArray[np.float32], threshold: float | None) -> float:
    """The threshold asked for, or the one that the highest per cent of the pixels passes."""
    from ml_core.hsi.metrics import quantile_threshold

    return float(quantile_threshold(values, SHARE)) if threshold is None else threshold
