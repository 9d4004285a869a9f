"""Weight folders of detectors: written by training, read by prediction and by the next training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from ml_core.engine.device import place, use_channels_last
from ml_core.graph import analyze
from ml_core.graph.build import load_model, write_model
from ml_core.run.context import RunContext
from ml_core.run.events import utc_now
from ml_core.vision.detection.canvas import Canvas, canvas_from
from ml_core.vision.detection.feature_maps import FeatureMaps
from ml_core.vision.detection.network import BUILDERS, Detector
from ml_core.vision.weight_folder import WEIGHT_PATH, read_tensors
from ml_core.weights.errors import WeightFileError, WeightMismatchError
from ml_core.weights.folder import CODE_FILE, FACTS_FILE, MODEL_FILE, WeightFacts, read_facts, write_facts

TASK = "vision.detect"


@dataclass
class LoadedDetector:
    """A detector ready to predict.

    Attributes:
        model: In evaluation mode.
        classes: Names.
        canvas: Its input.
        threshold: Score from which on a box counted best in validation.
    """

    model: Detector
    classes: list[str]
    canvas: Canvas
    threshold: float


def drawn_size(graph: dict[str, Any]) -> tuple[int, int]:
    """(height, width) of the input of a graph."""
    (shape,) = analyze(graph).input_shapes.values()
    return int(shape[-2]), int(shape[-1])


def write_weight(
    run: RunContext,
    model: torch.nn.Module,
    *,
    detector: dict[str, Any],
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
        detector: Its ``name``, ``width`` and ``nms``.
        classes: Names.
        graph: Of the backbone.
        canvas: The input.
        metrics: Of the delivered weights.
        threshold: From the validation.
        dataset_fingerprint: Of the version that was learnt from.
    """
    model_path = run.artifact_path(f"weight/{MODEL_FILE}")
    folder = model_path.parent
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    safetensors.torch.save_file(tensors, model_path)
    write_model(graph, folder)
    facts = WeightFacts(
        task=TASK,
        classes=classes,
        graph=graph,
        preprocessing=canvas.as_dict(),
        metrics=metrics,
        parameters=sum(p.numel() for p in model.parameters()),
        dataset_fingerprint=dataset_fingerprint,
        run_id=run.dir.read_record()["id"] if run.dir.is_sealed else None,
        created=utc_now(),
        detector=detector,
        threshold=threshold,
    )
    write_facts(folder, facts)
    for name, media_type in (
        (MODEL_FILE, "application/octet-stream"),
        (FACTS_FILE, "application/json"),
        (CODE_FILE, "text/x-python"),
    ):
        run.artifact(folder / name, media_type)
    return {"path": WEIGHT_PATH}


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
    told: dict[str, Any] = (facts.model_extra or {}).get("detector") or {}
    if facts.graph is None or told.get("name") not in BUILDERS:
        raise WeightFileError("The weight does not say which detector it is.", hint="Train again.", where="detector")
    maps = FeatureMaps(load_model(folder, pretrained=False), drawn_size(facts.graph))
    try:
        model = Detector(told["name"], maps, classes=len(facts.classes), width=int(told["width"]),
                         nms=float(told["nms"]))  # fmt: skip
        model.load_state_dict(read_tensors(folder))
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        raise WeightMismatchError(
            "The weights do not fit the detector in the same folder.",
            hint="Use the folder as the training left it.",
            where=MODEL_FILE,
        ) from error
    place(model, device, use_channels_last("auto", device, model))
    threshold = float((facts.model_extra or {}).get("threshold", 0.5))
    return LoadedDetector(model.eval(), list(facts.classes), canvas_from(facts.preprocessing), threshold)
