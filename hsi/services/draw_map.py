"""Pictures of maps in colours, with or without a threshold."""

from __future__ import annotations

import numpy as np

from hsi.errors import SceneError
from hsi.models import AnomalyMap
from hsi.services.draw_scene import MAX_SIDE, kept_picture, picture_key
from hsi.services.read_map import checked_method, open_map
from ml_core.hsi.colour_maps import COLOUR_MAPS
from ml_core.hsi.preview import map_image, png_bytes


def draw_map(
    anomaly_map: AnomalyMap,
    method: str = "",
    *,
    colours: str = "inferno",
    threshold: float | None = None,
    size: int = 2048,
) -> bytes:
    """PNG of the scores in the colours of a map; what lies below a threshold is grey.

    Args:
        anomaly_map: A ready map.
        method: One of its methods; the main one when empty.
        colours: One of `ml_core.hsi.colour_maps.COLOUR_MAPS`.
        threshold: Scores below it are shown in grey.
        size: Longest side; where pixels share a place, the strongest is shown.

    Raises:
        SceneError: There are no such colours, or the size is out of bounds.
        NotFoundError: There is no such method.
    """
    if colours not in COLOUR_MAPS:
        raise SceneError("There is no such colour map.", code="hsi.colours", where="colours",
                         hint=f"One of: {', '.join(COLOUR_MAPS)}.")  # fmt: skip
    if not 16 <= size <= MAX_SIDE:
        raise SceneError("The size is out of bounds.", code="hsi.size", where="size", hint=f"16 to {MAX_SIDE}.")
    chosen = checked_method(anomaly_map, method)

    def draw() -> bytes:
        values = np.asarray(open_map(anomaly_map, chosen))
        return png_bytes(map_image(values, colours=colours, threshold=threshold, max_side=size))

    key = picture_key(anomaly_map.id, chosen, colours, threshold, size)
    return kept_picture(anomaly_map.scene_id, key, draw)
