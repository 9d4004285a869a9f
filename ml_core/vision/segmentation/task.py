"""One step of training a network that segments, and its judgement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ml_core.engine.task import Gather, Step, Task
from ml_core.run.context import RunContext
from ml_core.vision.detection.canvas import Canvas
from ml_core.vision.segmentation.data import MapBatch, SegmentationData
from ml_core.vision.segmentation.losses.choice import LOSSES
from ml_core.vision.segmentation.metrics.image_score import ImageScore, gather_scores, score_image
from ml_core.vision.segmentation.metrics.summary import summarise
from ml_core.vision.segmentation.report import worst_of, write_report
from ml_core.vision.segmentation.told import map_of
from ml_core.vision.segmentation.truth import LabelledImage, Map, SemanticTruth


class SegmentTask(Task):
    """The chosen losses; mean intersection over union decides.

    Maps are judged in the pixels of the images, so that networks of different input sizes can be compared.

    Args:
        model: (N, 3, H, W) to logits (N, classes + 1, H, W); class 0 is the background.
        classes: Names of the classes of the data set.
        canvas: The input of the network.
        loss: A key of `LOSSES`.
        truth: Paints the maps of the images.
        splits: Validation and test data; positions in their batches go on from the first to the second.
    """

    unit = "images"
    monitor = "miou"
    metric_names = ("miou", "pixel_accuracy", "boundary_f1")

    def __init__(
        self,
        model: nn.Module,
        classes: list[str],
        canvas: Canvas,
        loss: str,
        truth: SemanticTruth,
        splits: Sequence[SegmentationData],
    ) -> None:
        self.model = model
        self._classes = classes
        self._canvas = canvas
        self._losses = LOSSES[loss]
        self._truth = truth
        self._judged = [(data, row) for data in splits for row in range(len(data))]
        self._scores: list[ImageScore] = []

    def training_step(self, batch: Any) -> Step:
        """The sum of the losses of a `MapBatch`."""
        assert isinstance(batch, MapBatch)
        logits = self.model(self._canvas.normalise(batch.pixels)).float()
        maps = batch.maps.long()
        parts = {name: loss(logits, maps) for name, loss in self._losses.items()}
        told = {name: value.detach() for name, value in parts.items()} if len(parts) > 1 else {}
        return Step(torch.stack(list(parts.values())).sum(), len(maps), told)

    def begin_validation(self) -> None:
        """Forget the last one."""
        self._scores.clear()

    def validation_step(self, batch: Any) -> None:
        """Judge each image."""
        for index, found in zip(batch.indices.tolist(), self._found(batch.pixels, batch.indices), strict=True):
            truth = self._truth.paint(self._image(index))
            self._scores.append(score_image(index, truth, found, len(self._classes) + 1))

    def end_validation(self, gather: Gather) -> dict[str, float]:
        """Metrics named in `metric_names`; 0 where there is nothing to be found at all."""
        self._scores = gather_scores(self._scores, gather)
        scores = summarise(self._scores, len(self._classes) + 1).scores
        return {name: 0.0 if math.isnan(value) else value for name, value in scores.items()}

    def report(self, phase: Literal["val", "test"], metrics: dict[str, float], run: RunContext) -> None:
        """Leave the tables of a phase and its worst images."""
        worst = []
        for score in worst_of(self._scores):
            data, row = self._judged[score.index]
            found = self._look_again(data.batch([row], 0))
            worst.append((score, self._image(score.index).item, self._truth.paint(self._image(score.index)), found))
        write_report(run, phase, self._scores, worst, self._classes)

    def _image(self, index: int) -> LabelledImage:
        data, row = self._judged[index]
        return data.images[row]

    def _found(self, pixels: Tensor, indices: Tensor) -> list[Map]:
        logits = self.model(self._canvas.normalise(pixels))
        items = [self._image(index).item for index in indices.tolist()]
        return [map_of(one, self._canvas, item.width, item.height) for one, item in zip(logits, items, strict=True)]

    @torch.no_grad()
    def _look_again(self, batch: MapBatch) -> Map:
        """The map of one image, whose own was not kept."""
        was_training = self.model.training
        device = next(self.model.parameters()).device
        self.model.eval()
        (found,) = self._found(batch.pixels.to(device), batch.indices)
        self.model.train(was_training)
        return found
