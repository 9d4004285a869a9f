"""What a detector says about an image, in pixels of that image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_core.vision.detection.canvas import Canvas
from ml_core.vision.detection.metrics.judgement import Found


def found_on(canvas: Canvas, rows: NDArray[np.float32], width: int, height: int) -> Found:
    """Boxes on the image from the rows that a detector gives; without the empty ones and those outside the image.

    Args:
        canvas: The input of the detector.
        rows: (K, 6) left, top, right, bottom, score, class; score -1 for none.
        width: Of the upright image.
        height: Of the upright image.
    """
    values = rows[rows[:, 4] >= 0].astype(np.float64)
    boxes = canvas.back(values[:, :4], width, height)
    inside = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    return Found(boxes[inside], values[inside, 4], values[inside, 5].astype(np.int64))
