"""Segmentations for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ml_core.vision.export.formats import Predict
from ml_core.vision.export.map_parity import MapParity, compare_maps
from ml_core.vision.export.module import ClassMaps
from ml_core.vision.export.subject import Subject
from ml_core.vision.preparation import IMAGENET_MEAN, IMAGENET_STD
from ml_core.vision.segmentation.weight_folder import load_segmenter


class ExportedSegmenter(Subject):
    """The segmentation of a weight folder.

    Raises:
        WeightFileError: The folder is incomplete or damaged.
    """

    script = Path(__file__).parent / "predict_masks.py.txt"

    def __init__(self, folder: Path) -> None:
        loaded = load_segmenter(folder, torch.device("cpu"))
        self._canvas = loaded.canvas
        self.classes = loaded.classes
        self.shape = (3, loaded.canvas.height, loaded.canvas.width)
        self.module = ClassMaps(loaded.model, IMAGENET_MEAN, IMAGENET_STD)

    def read(self, path: Path) -> Tensor:
        return self._canvas.place(path)[0]

    def compare(self, before: Predict, after: Predict, pixels: Tensor, size_bytes: int) -> MapParity:
        return compare_maps(before, after, pixels, size_bytes)

    def contract(self) -> dict[str, Any]:
        shape = ["batch", len(self.classes) + 1, *self.shape[1:]]
        return {
            "output": {"name": self.module.output, "type": "float32", "shape": shape, "channels": "background first"},
            "preprocessing": self._canvas.as_dict(),
            "inside_the_network": ["scale to 0..1", "subtract mean", "divide by std"],
            "outside_the_network": [
                "decode", "turn upright by EXIF", "convert to mode", "scale to fit, at the top left of the canvas",
                "cut the logits to where the image lies", "scale them to the image", "take the largest",
            ],
        }  # fmt: skip
