"""Pictures of maps in colours, with or without a threshold."""

from __future__ import annotations

import math

import numpy as np

from hsi.colour_maps import NAMES, paint
from hsi.errors import SceneError
from hsi.models import AnomalyMap
from hsi.services.draw_scene import MAX_SIDE, kept_picture, picture_key, png_bytes
from hsi.services.read_map import checked_method, open_map


def draw_map(
    anomaly_map: AnomalyMap,
    method: str = "",
    *,
    colours: str = "inferno",
    threshold: float | None = None,
    size: int = 2048,
) -> bytes:
    """PNG of the scores: from their median to their highest values in the colours of a map, black below a threshold.

    Args:
        anomaly_map: A ready map.
        method: One of its methods; the main one when empty.
        colours: One of `colour_maps.NAMES`.
        threshold: Scores below it get the lowest colour.
        size: Longest side.

    Raises:
        SceneError: There are no such colours, or the size is out of bounds.
        NotFoundError: There is no such method.
    """
    if colours not in NAMES:
        raise SceneError("There is no such colour map.", code="hsi.colours", where="colours",
                         hint=f"One of: {', '.join(NAMES)}.")  # fmt: skip
    if not 16 <= size <= MAX_SIDE:
        raise SceneError("The size is out of bounds.", code="hsi.size", where="size", hint=f"16 to {MAX_SIDE}.")
    chosen = checked_method(anomaly_map, method)
    facts = anomaly_map.methods[chosen]

    def draw() -> bytes:
        values = open_map(anomaly_map, chosen)
        step = max(1, math.ceil(max(values.shape) / size))
        # The strongest score of each block, so that a target of one pixel is not skipped.
        coarse = strongest(np.asarray(values), step)
        low, high = facts["median"], facts["quantiles"].get("0.999", facts["max"])
        if threshold is not None:
            coarse = np.where(coarse >= threshold, coarse, low).astype(np.float32)
        return png_bytes(paint(coarse, colours, low, high))

    key = picture_key(anomaly_map.id, chosen, colours, threshold, size)
    return kept_picture(anomaly_map.scene_id, key, draw)


def strongest(values: np.ndarray[tuple[int, int], np.dtype[np.float32]], step: int) -> np.ndarray[
    tuple[int, int], np.dtype[np.float32]
]:  # fmt: skip
    """The highest value of each block of ``step`` x ``step`` pixels."""
    if step == 1:
        return values
    height, width = (math.ceil(length / step) * step for length in values.shape)
    padded = np.full((height, width), -np.inf, np.float32)
    padded[: values.shape[0], : values.shape[1]] = values
    return padded.reshape(height // step, step, width // step, step).max(axis=(1, 3))
