"""Weight folders of detectors: written by training, read by prediction and by the next training."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ml_core.engine.device import place, use_channels_last
from ml_core.graph.build import load_model
from ml_core.run.context import RunContext
from ml_core.vision.detection.canvas import Canvas, canvas_from
from ml_core.vision.weight_folder import leave_weight, read_tensors
from ml_core.weights.errors import WeightFileError, WeightMismatchError
from ml_core.weights.folder import CODE_FILE, MODEL_FILE, read_facts

TASK = "vision.detect"


@dataclass
class LoadedDetector:
    """A detector ready to predict.

    Attributes:
        model: In evaluation mode: normalised (N, 3, H, W) to float32 (N, boxes, 6), left, top, right, bottom, score,
            class, best first; rows without a box have score -1.
        classes: Names.
        canvas: Its input.
        threshold: Score from which on a box counted best in validation.
    """

    model: nn.Module
    classes: list[str]
    canvas: Canvas
    threshold: float


def write_weight(
    run: RunContext,
    model: torch.nn.Module,
    *,
    code: Path,
    classes: list[str],
    graph: dict[str, Any],
    canvas: Canvas,
    metrics: dict[str, Any],
    threshold: float,
    dataset_fingerprint: str,
) -> dict[str, str]:
    """Leave ``artifacts/weight`` and announce its files; returns what ``result.json`` says about it.

    Args:
        run: The run.
        model: The detector.
        code: Its ``model.py``.
        classes: Names.
        graph: Of the detector, or of what it stands on.
        canvas: The input.
        metrics: Of the delivered weights.
        threshold: From the validation.
        dataset_fingerprint: Of the version that was learnt from.
    """
    return leave_weight(
        run,
        model,
        lambda folder: shutil.copyfile(code, folder / CODE_FILE),
        task=TASK,
        classes=classes,
        graph=graph,
        preprocessing=canvas.as_dict(),
        metrics=metrics,
        dataset_fingerprint=dataset_fingerprint,
        threshold=threshold,
    )


def load_detector(folder: Path, device: torch.device) -> LoadedDetector:
    """The detector of a weight folder in evaluation mode.

    Raises:
        WeightFileError: The folder is incomplete or damaged, or serves another task.
        WeightMismatchError: The tensors do not fit.
    """
    facts = read_facts(folder)
    if facts.task != TASK:
        raise WeightFileError(
            f'These weights are for "{facts.task}", not for finding objects.',
            hint="Choose weights of an object detector.",
            where="task",
        )
    model = load_model(folder, pretrained=False)
    try:
        model.load_state_dict(read_tensors(folder))
    except RuntimeError as error:
        raise WeightMismatchError(
            "The weights do not fit the detector in the same folder.",
            hint="Use the folder as the training left it.",
            where=MODEL_FILE,
        ) from error
    place(model, device, use_channels_last("auto", device, model))
    threshold = float((facts.model_extra or {}).get("threshold", 0.5))
    return LoadedDetector(model.eval(), list(facts.classes), canvas_from(facts.preprocessing), threshold)
