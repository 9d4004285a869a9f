"""How a trained detector answers single images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ml_core.run.predictor import predictor
from ml_core.vision.detection.found import found_on
from ml_core.vision.detection.metrics.judgement import Found
from ml_core.vision.detection.weight_folder import LoadedDetector, load_detector

_SIZE_BYTES = 8


@predictor("vision.detect")
class ObjectDetector:
    """Answers with boxes in pixels of the upright image, best first.

    One tensor an image goes through the batch, so the size of the image travels in a line below its pixels, and in
    a row above its boxes.
    """

    def __init__(self) -> None:
        self._detector: LoadedDetector | None = None

    def load(self, folder: Path, device: str) -> None:
        """Read a weight folder.

        Raises:
            WeightFileError: The folder is incomplete or damaged.
        """
        self._device = torch.device(device)
        self._detector = load_detector(folder, self._device)

    def preprocess(self, content: bytes) -> Tensor:
        """An encoded image to uint8 (3, height + 1, width) on the CPU; the last line tells its size.

        Raises:
            FormatError: It cannot be decoded.
            UnsafeFileError: It has too many pixels.
        """
        assert self._detector is not None
        pixels, size = self._detector.canvas.place(content)
        line = torch.zeros(3, 1, pixels.shape[2], dtype=torch.uint8)
        line[0, 0, :_SIZE_BYTES] = torch.from_numpy(np.array(size, dtype=">u4").view(np.uint8).copy())
        return torch.cat([pixels, line], dim=1)

    @torch.inference_mode()
    def forward(self, batch: Tensor) -> Tensor:
        """uint8 (N, 3, height + 1, width) to float32 (N, boxes + 1, 6) on the CPU; the first row tells the size."""
        assert self._detector is not None
        canvas = self._detector.canvas
        pixels = canvas.normalise(batch[:, :, : canvas.height].to(self._device))
        boxes = self._detector.model(pixels).float().cpu()
        lines = batch[:, 0, canvas.height, :_SIZE_BYTES].contiguous().numpy()
        first = torch.zeros(len(batch), 1, boxes.shape[2])
        first[:, 0, :2] = torch.from_numpy(lines.view(">u4").astype(np.float32))
        return torch.cat([first, boxes], dim=1)

    def postprocess(self, row: Tensor) -> dict[str, Any]:
        """``{"boxes": [{"box", "class", "index", "probability"}], "width", "height", "threshold"}``, best first."""
        assert self._detector is not None
        width, height = (int(value) for value in row[0, :2])
        found = found_on(self._detector.canvas, row[1:].numpy(), width, height)
        return {
            "boxes": as_boxes(found, self._detector.classes),
            "width": width,
            "height": height,
            "threshold": self._detector.threshold,
        }


def as_boxes(found: Found, classes: list[str]) -> list[dict[str, Any]]:
    """Boxes for JSON: corners in pixels, name and index of the class, probability."""
    return [
        {
            "box": [round(float(value), 2) for value in box],
            "class": classes[label],
            "index": int(label),
            "probability": round(float(score), 5),
        }
        for box, score, label in zip(found.boxes, found.scores, found.labels, strict=True)
    ]
