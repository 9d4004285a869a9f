"""How a trained classifier answers single images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import ml_core.vision.detection.predictor
import ml_core.vision.segmentation.predictor  # noqa: F401 - registers itself
from ml_core.run.predictor import predictor
from ml_core.vision.fold_batch_norm import fold_batch_norm
from ml_core.vision.preparation import Resizer
from ml_core.vision.weight_folder import Classifier, load_classifier

_MOST_CLASSES = 100  # an answer is read by people


@predictor("vision.classify")
class ImageClassifier:
    """Answers with the most probable classes, best first."""

    def __init__(self) -> None:
        self._classifier: Classifier | None = None

    def load(self, folder: Path, device: str) -> None:
        """Read a weight folder.

        Raises:
            WeightFileError: The folder is incomplete or damaged.
        """
        self._device = torch.device(device)
        self._classifier = load_classifier(folder, self._device)
        fold_batch_norm(self._classifier.model)
        # The order of memory that convolutions read fastest. Training keeps the plain order on a CPU, because it
        # promises to repeat the last bits.
        self._classifier.model.to(memory_format=torch.channels_last)
        self._resize = Resizer(self._classifier.preparation)

    def preprocess(self, content: bytes) -> Tensor:
        """An encoded image to uint8 (C, height, width) on the CPU.

        Raises:
            FormatError: It cannot be decoded.
            UnsafeFileError: It has too many pixels.
        """
        return self._resize(content)

    @torch.inference_mode()
    def forward(self, batch: Tensor) -> Tensor:
        """uint8 (N, C, height, width) to logits (N, classes), float32 on the CPU."""
        assert self._classifier is not None
        batch = batch.to(self._device, non_blocking=True, memory_format=torch.channels_last)
        pixels = self._classifier.preparation.normalise(batch)
        logits: Tensor = self._classifier.model(pixels).float().cpu()
        return logits

    def postprocess(self, row: Tensor) -> dict[str, Any]:
        """Logits (classes,) to ``{"top": [{"class", "index", "probability"}, ...]}``, best first."""
        assert self._classifier is not None
        names = self._classifier.classes
        probability, index = row.softmax(0).topk(min(len(names), _MOST_CLASSES))
        return {
            "top": [
                {"class": names[i], "index": i, "probability": p}
                for i, p in zip(index.tolist(), probability.tolist(), strict=True)
            ]
        }
