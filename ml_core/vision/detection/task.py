"""One step of training a detector, and its judgement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from ml_core.engine.task import Gather, Step, Task
from ml_core.run.context import RunContext
from ml_core.vision.detection.canvas import Canvas
from ml_core.vision.detection.data import BoxBatch
from ml_core.vision.detection.found import found_on
from ml_core.vision.detection.metrics.judgement import Found, judge
from ml_core.vision.detection.report import Report, make_report, write_report
from ml_core.vision.detection.truth import LabelledImage


class DetectTask(Task):
    """The losses of a detector; mean average precision decides.

    Args:
        model: See `ml_core.vision.detection.network`.
        classes: Names of the classes.
        canvas: Its input.
        judged: The images of validation and then of the test, as their data number them.
    """

    unit = "images"
    monitor = "map"
    metric_names = ("map", "map50", "map75")

    def __init__(self, model: nn.Module, classes: list[str], canvas: Canvas, judged: Sequence[LabelledImage]) -> None:
        self.model = model
        self._classes = classes
        self._canvas = canvas
        self._judged = judged
        self._noted: list[tuple[Tensor, Tensor]] = []
        self._images: list[LabelledImage] = []
        self._found: list[Found] = []
        self.reports: dict[str, Report] = {}

    def training_step(self, batch: Any) -> Step:
        """The sum of the losses of a `BoxBatch`."""
        assert isinstance(batch, BoxBatch)
        pixels = self._canvas.normalise(batch.pixels)
        parts = batch.counts.tolist()
        split = zip(torch.split(batch.boxes, parts), torch.split(batch.labels, parts), strict=True)
        losses: dict[str, Tensor] = self.model(pixels, [{"boxes": boxes, "labels": labels} for boxes, labels in split])
        told = {name.removeprefix("loss_"): value.detach() for name, value in losses.items()}
        return Step(torch.stack(list(losses.values())).sum(), len(batch.counts), told)

    def begin_validation(self) -> None:
        """Forget the last one."""
        self._noted.clear()

    def validation_step(self, batch: Any) -> None:
        """Note the boxes of each image; they stay on the device."""
        self._noted.append((batch.indices, self.model(self._canvas.normalise(batch.pixels))))

    def end_validation(self, gather: Gather) -> dict[str, float]:
        """Metrics named in `metric_names`; 0 where there is no object at all."""
        indices, boxes = (gather(torch.cat(parts)).cpu().numpy() for parts in zip(*self._noted, strict=True))
        order, first = np.unique(indices, return_index=True)  # several processes may have seen an image twice
        self._images = [self._judged[index] for index in order]
        self._found = [
            found_on(self._canvas, rows, image.item.width, image.item.height)
            for rows, image in zip(boxes[first], self._images, strict=True)
        ]
        judgement = judge([image.truth for image in self._images], self._found, len(self._classes))
        values = {"map": judgement.mean(), "map50": judgement.mean(overlap=0.5), "map75": judgement.mean(overlap=0.75)}
        return {name: 0.0 if math.isnan(value) else value for name, value in values.items()}

    def report(self, phase: Literal["val", "test"], metrics: dict[str, float], run: RunContext) -> None:
        """Leave the tables, curves, worst images and boxes of a phase."""
        # The threshold is chosen on the validation images, and the test is judged with it.
        chosen = self.reports["val"].threshold if "val" in self.reports else None
        report = make_report(phase, self._images, self._found, self._classes, threshold=chosen)
        write_report(run, report, self._images, self._found)
        self.reports[phase] = report
