"""Weight folders of networks that segment: written by training, read by prediction and by the next training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ml_core.engine.device import place, use_channels_last
from ml_core.graph.build import load_model, write_model
from ml_core.run.context import RunContext
from ml_core.vision.detection.canvas import Canvas, canvas_from
from ml_core.vision.segmentation.network import DECODERS, build
from ml_core.vision.weight_folder import leave_weight, read_tensors
from ml_core.weights.errors import WeightFileError, WeightMismatchError
from ml_core.weights.folder import MODEL_FILE, read_facts

TASK = "vision.segment"


@dataclass
class LoadedSegmenter:
    """A network ready to predict.

    Attributes:
        model: In evaluation mode.
        classes: Names, without the background.
        canvas: Its input.
    """

    model: nn.Module
    classes: list[str]
    canvas: Canvas

    @torch.inference_mode()
    def logits(self, pixels: torch.Tensor) -> torch.Tensor:
        """uint8 (N, 3, H, W) on any device to (N, classes + 1, H, W) on the network's."""
        device = next(self.model.parameters()).device
        found: torch.Tensor = self.model(self.canvas.normalise(pixels.to(device)))
        return found


def write_weight(
    run: RunContext,
    model: nn.Module,
    *,
    segmenter: dict[str, Any],
    classes: list[str],
    graph: dict[str, Any],
    canvas: Canvas,
    metrics: dict[str, Any],
    dataset_fingerprint: str,
) -> dict[str, str]:
    """Leave ``artifacts/weight`` and announce its files; returns what ``result.json`` says about it.

    Args:
        run: The run.
        model: The network.
        segmenter: Its ``decoder`` and ``width``.
        classes: Names, without the background.
        graph: Of the backbone, or of the whole network.
        canvas: The input.
        metrics: Of the delivered weights.
        dataset_fingerprint: Of the version that was learnt from.
    """
    return leave_weight(
        run,
        model,
        lambda folder: write_model(graph, folder),
        task=TASK,
        classes=classes,
        graph=graph,
        preprocessing=canvas.as_dict(),
        metrics=metrics,
        dataset_fingerprint=dataset_fingerprint,
        segmenter=segmenter,
    )


def load_segmenter(folder: Path, device: torch.device) -> LoadedSegmenter:
    """The network of a weight folder in evaluation mode.

    Raises:
        WeightFileError: The folder is incomplete or damaged, or serves another task.
        WeightMismatchError: The tensors do not fit.
    """
    facts = read_facts(folder)
    if facts.task != TASK:
        raise WeightFileError(
            f'These weights are for "{facts.task}", not for segmenting images.',
            hint="Choose weights of a segmentation.",
            where="task",
        )
    told: dict[str, Any] = (facts.model_extra or {}).get("segmenter") or {}
    if facts.graph is None or told.get("decoder") not in DECODERS:
        raise WeightFileError("The weight does not say how it segments.", hint="Train again.", where="segmenter")
    try:
        model = build(load_model(folder, pretrained=False), facts.graph, told, len(facts.classes) + 1)
        model.load_state_dict(read_tensors(folder))
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        raise WeightMismatchError(
            "The weights do not fit the network in the same folder.",
            hint="Use the folder as the training left it.",
            where=MODEL_FILE,
        ) from error
    place(model, device, use_channels_last("auto", device, model))
    return LoadedSegmenter(model.eval(), list(facts.classes), canvas_from(facts.preprocessing))
