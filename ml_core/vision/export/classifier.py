"""Classifiers for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ml_core.vision.export.formats import Predict
from ml_core.vision.export.module import ClassProbabilities
from ml_core.vision.export.parity import ClassParity, compare_classes
from ml_core.vision.export.subject import Subject
from ml_core.vision.preparation import Resizer
from ml_core.vision.weight_folder import load_classifier


class ExportedClassifier(Subject):
    """The classifier of a weight folder.

    Raises:
        WeightFileError: The folder is incomplete or damaged.
    """

    script = Path(__file__).parent / "predict_classes.py.txt"

    def __init__(self, folder: Path) -> None:
        loaded = load_classifier(folder, torch.device("cpu"))
        self._preparation = loaded.preparation
        self._resizer = Resizer(loaded.preparation)
        self.classes = loaded.classes
        self.shape = (loaded.preparation.channels, *loaded.preparation.size)
        self.module = ClassProbabilities(loaded.model, loaded.preparation.mean, loaded.preparation.std)

    def read(self, path: Path) -> Tensor:
        pixels: Tensor = self._resizer(path)
        return pixels

    def compare(self, before: Predict, after: Predict, pixels: Tensor, size_bytes: int) -> ClassParity:
        return compare_classes(before, after, pixels, size_bytes)

    def contract(self) -> dict[str, Any]:
        return {
            "output": {"name": self.module.output, "type": "float32", "shape": ["batch", len(self.classes)]},
            "preprocessing": self._preparation.as_dict(),
            "inside_the_network": ["scale to 0..1", "subtract mean", "divide by std", "softmax"],
            "outside_the_network": ["decode", "turn upright by EXIF", "convert to mode", "resize", "crop"],
        }
