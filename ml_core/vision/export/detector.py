"""Detectors for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ml_core.vision.detection.weight_folder import load_detector
from ml_core.vision.export.box_parity import BoxParity, compare_boxes
from ml_core.vision.export.formats import Predict
from ml_core.vision.export.module import BoxCandidates
from ml_core.vision.export.subject import Subject
from ml_core.vision.preparation import IMAGENET_MEAN, IMAGENET_STD


class ExportedDetector(Subject):
    """The detector of a weight folder.

    Raises:
        WeightFileError: The folder is incomplete or damaged.
    """

    script = Path(__file__).parent / "predict_boxes.py.txt"

    def __init__(self, folder: Path) -> None:
        loaded = load_detector(folder, torch.device("cpu"))
        self._canvas = loaded.canvas
        self._threshold = loaded.threshold
        self.classes = loaded.classes
        self.shape = (3, loaded.canvas.height, loaded.canvas.width)
        self.module: BoxCandidates = BoxCandidates(loaded.model, IMAGENET_MEAN, IMAGENET_STD)

    def read(self, path: Path) -> Tensor:
        return self._canvas.place(path)[0]

    def compare(self, before: Predict, after: Predict, pixels: Tensor, size_bytes: int) -> BoxParity:
        step = len(pixels) if self.module.any_batch else 1
        return compare_boxes(before, after, self.module.suppress, pixels, size_bytes, step)

    def contract(self) -> dict[str, Any]:
        with torch.inference_mode():
            candidates = self.module(torch.zeros(1, *self.shape, dtype=torch.uint8)).shape[1]
        batch = "batch" if self.module.any_batch else 1
        rules = {name: getattr(self.module.suppress, name) for name in ("least", "overlap", "most")}
        return {
            "output": {
                "name": self.module.output,
                "type": "float32",
                "shape": [batch, candidates, 6],
                "columns": ["left", "top", "right", "bottom", "probability", "class"],
            },
            "preprocessing": self._canvas.as_dict(),
            "suppression": {**rules, "threshold": self._threshold},
            "inside_the_network": ["scale to 0..1", "subtract mean", "divide by std", "decode boxes"],
            "outside_the_network": [
                "decode", "turn upright by EXIF", "convert to mode", "scale to fit, at the top left of the canvas",
                "drop candidates below least", "of boxes of a class that overlap more than overlap, keep the best",
                "keep the best most boxes", "divide by the scale",
            ],
        }  # fmt: skip
