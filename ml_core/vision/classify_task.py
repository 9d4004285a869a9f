"""One step of training a classifier, and its judgement."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ml_core.engine.task import Gather, Step, Task
from ml_core.run.context import RunContext
from ml_core.vision.classify_report import write_report
from ml_core.vision.image_data import ImageData
from ml_core.vision.preparation import Preparation
from ml_core.vision.scores import Predictions, summary, summary_names

_TOP = 5


class ClassifyTask(Task):
    """Cross entropy over classes.

    Args:
        model: (N, C, H, W) float32 to (N, classes) logits.
        classes: Names of the classes.
        preparation: How pixels become the input.
        label_smoothing: Share of certainty spread over all classes, in training alone.
        splits: Data by phase, for the names of images in reports.
    """

    unit = "images"
    monitor = "accuracy"

    def __init__(
        self,
        model: nn.Module,
        classes: list[str],
        preparation: Preparation,
        label_smoothing: float,
        splits: dict[str, ImageData],
    ) -> None:
        self.model = model
        self.metric_names = summary_names(len(classes))
        self._classes = classes
        self._preparation = preparation
        self._label_smoothing = label_smoothing
        self._splits = splits
        self._noted: list[tuple[Tensor, ...]] = []
        self._predictions: Predictions | None = None

    def training_step(self, batch: Any) -> Step:
        """Loss and share of hits of a batch of `ImageData`."""
        pixels, labels, _ = batch
        logits = self.model(self._preparation.normalise(pixels))
        loss = functional.cross_entropy(logits.float(), labels, label_smoothing=self._label_smoothing)
        with torch.no_grad():
            accuracy = (logits.argmax(1) == labels).float().mean()
        return Step(loss, len(labels), {"accuracy": accuracy})

    def begin_validation(self) -> None:
        """Forget the last one."""
        self._noted.clear()

    def validation_step(self, batch: Any) -> None:
        """Note the loss and the most probable classes of each image; they stay on the device."""
        pixels, labels, indices = batch
        logits = self.model(self._preparation.normalise(pixels)).float()
        losses = functional.cross_entropy(logits, labels, reduction="none")
        probability, top = logits.softmax(1).topk(min(_TOP, len(self._classes)))
        self._noted.append((indices, labels, losses, top, probability))

    def end_validation(self, gather: Gather) -> dict[str, float]:
        """Metrics named in `metric_names`."""
        columns = [gather(torch.cat(parts)).cpu().numpy() for parts in zip(*self._noted, strict=True)]
        index, first = np.unique(columns[0], return_index=True)  # several processes may have seen an image twice
        label, loss, top, probability = (column[first] for column in columns[1:])
        self._predictions = Predictions(index, label, loss.astype(np.float64), top, probability.astype(np.float64))
        return summary(self._predictions, len(self._classes))

    def report(self, phase: Literal["val", "test"], metrics: dict[str, float], run: RunContext) -> None:
        """Confusion, scores of classes, predictions and worst images of the delivered weights."""
        assert self._predictions is not None
        paths = [item.path for item in self._splits[phase].items]
        write_report(run, phase, self._predictions, self._classes, paths)
