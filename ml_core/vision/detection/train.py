"""The training of a detector, from a data set version and a backbone to a weight folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from ml_core.data.augment_labels import refuse_pixel_only
from ml_core.data.manifest import read_items, read_version
from ml_core.engine.checkpoint import list_checkpoints
from ml_core.engine.loop import fit
from ml_core.engine.task import FitData
from ml_core.errors import FormatError
from ml_core.run.context import RunContext
from ml_core.vision.classify import code_folder, flat_metrics
from ml_core.vision.detection.canvas import Canvas, canvas_for
from ml_core.vision.detection.config import DetectConfig
from ml_core.vision.detection.data import DetectionData
from ml_core.vision.detection.network import graph_of, load_detector_code, write_detector
from ml_core.vision.detection.task import DetectTask
from ml_core.vision.detection.truth import LabelledImage, read_truth
from ml_core.vision.detection.weight_folder import write_weight
from ml_core.vision.image_data import keep_what_fits
from ml_core.vision.weight_folder import start_from
from ml_core.weights.folder import CODE_FILE

#: Where the tensors of a classifier lie inside a detector with the same backbone.
_BODIES = ("maps.",)


def train_detector(config: DetectConfig, run: RunContext) -> dict[str, Any]:
    """Train, evaluate, and write the weight folder.

    Raises:
        GraphError: The drawn backbone has faults or too few feature maps.
        FormatError: The data set is damaged or has no training images with labels.
        CodedError: See `ml_core.engine.loop.fit`.
    """
    refuse_pixel_only(config.augment)
    folder, root = Path(config.data.version), Path(config.data.root)
    version = read_version(folder, tasks=("detect",))
    classes: list[str] = version["classes"]
    run.data_fingerprint(version["fingerprint"])
    items = list(read_items(folder))
    images = read_truth(folder, items)
    _insist_on_objects(images["train"])
    _tell_what_is_left_out(run, len(items), images)
    canvas = canvas_for((image.item for image in images["train"]), config.size)
    splits = _splits(config, images, root, canvas)
    keep_what_fits(run, config.data.cache_mib, splits)
    with code_folder(run) as code:
        model = _build_model(config, run, len(classes), code)
        task = DetectTask(model, classes, canvas, [*images["val"], *images["test"]])
        data = FitData(splits["train"], splits["val"] if images["val"] else None, splits["test"])
        result = fit(task, data, config.fit, run)
        metrics = flat_metrics(result)
        weight = None
        threshold = task.reports["val"].threshold if "val" in task.reports else 0.5
        if run.rank == 0:
            weight = write_weight(
                run,
                task.model,
                code=code / CODE_FILE,
                classes=classes,
                graph=graph_of(config),
                canvas=canvas,
                metrics=metrics,
                threshold=threshold,
                dataset_fingerprint=version["fingerprint"],
            )
    return {
        "metrics": metrics,
        "weight": weight,
        "classes": classes,
        "images": {name: len(data) for name, data in splits.items()},
        "input": f"{canvas.width} x {canvas.height}",
        "threshold": threshold,
        **result.course,
    }


def _insist_on_objects(images: list[LabelledImage]) -> None:
    if not any(len(image.truth.objects) for image in images):
        raise FormatError(
            "No training image has a box.",
            code="data.empty",
            hint="Choose a data set with boxes, or import it with a larger share for training.",
            where="data.version",
        )


def _tell_what_is_left_out(run: RunContext, items: int, images: dict[str, list[LabelledImage]]) -> None:
    used = sum(len(split) for split in images.values())
    if used < items:
        run.log(f"{items - used:,} images have no label file; they are left out, because they may show objects.")
    hidden = sum(int(image.truth.ignored.sum()) for split in images.values() for image in split)
    if hidden:
        run.log(f"{hidden:,} boxes are crowds or of unknown classes; they are neither objects nor background.")


def _splits(
    config: DetectConfig, images: dict[str, list[LabelledImage]], root: Path, canvas: Canvas
) -> dict[str, DetectionData]:
    train = DetectionData(images["train"], root, canvas, config.augment, config.mosaic, config.seed)
    val = DetectionData(images["val"], root, canvas)
    return {"train": train, "val": val, "test": DetectionData(images["test"], root, canvas, offset=len(val))}


def build_detector(config: DetectConfig, folder: Path, classes: int, *, pretrained: bool) -> tuple[nn.Module, str]:
    """The network from its generated code, and why its published weights could not be had, if so.

    Args:
        config: Of the training.
        folder: Where ``model.py`` is written.
        classes: How many.
        pretrained: Start the backbone from its published weights.

    Raises:
        GraphError: The graph has faults, too few feature maps, or a head that does not fit the data.
    """
    write_detector(config, classes, folder)
    torch.manual_seed(config.seed)
    return load_detector_code(folder, pretrained=pretrained)


def _build_model(config: DetectConfig, run: RunContext, classes: int, folder: Path) -> nn.Module:
    resumes = run.resuming and bool(list_checkpoints(run.dir.checkpoints))
    wants_published = config.pretrained and not resumes and config.initial_weights is None
    model, missing = build_detector(config, folder, classes, pretrained=wants_published)
    if missing:
        run.log(f"{missing} The backbone starts at random, which takes longer.", "warning")
    if config.initial_weights is not None:
        start_from(model, Path(config.initial_weights), run, prefixes=_BODIES)
    return model
