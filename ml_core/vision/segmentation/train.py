"""The training of a network that segments, from a data set version with polygons or masks to a weight folder."""

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
from ml_core.errors import FormatError, GraphError
from ml_core.graph.build import load_model
from ml_core.run.context import RunContext
from ml_core.vision.classify import code_folder, flat_metrics
from ml_core.vision.detection.backbones import backbone_graph
from ml_core.vision.detection.canvas import Canvas, canvas_for
from ml_core.vision.image_data import keep_what_fits
from ml_core.vision.segmentation.config import SegmentConfig
from ml_core.vision.segmentation.data import SegmentationData
from ml_core.vision.segmentation.network import build
from ml_core.vision.segmentation.task import SegmentTask
from ml_core.vision.segmentation.truth import SemanticTruth, Usable
from ml_core.vision.segmentation.weight_folder import write_weight
from ml_core.vision.weight_folder import start_from

#: Where the tensors of a classifier lie inside a network that segments with the same backbone.
_BODIES = ("maps.body.", "network.")


def train_segmenter(config: SegmentConfig, run: RunContext) -> dict[str, Any]:
    """Train, evaluate, and write the weight folder.

    Raises:
        GraphError: The drawn network has faults, too few feature maps, or maps of another number of classes.
        FormatError: The data set is damaged or has no training images with shapes.
        CodedError: See `ml_core.engine.loop.fit`.
    """
    refuse_pixel_only(config.augment)
    folder = Path(config.data.version)
    version = read_version(folder, tasks=("detect",))
    classes: list[str] = version["classes"]
    run.data_fingerprint(version["fingerprint"])
    truth = SemanticTruth(folder)
    usable = truth.usable(list(read_items(folder)))
    _insist_on_shapes(usable)
    _tell_what_is_left_out(run, usable)
    canvas = canvas_for((image.item for image in usable.splits["train"]), config.size)
    splits = _split_data(config, usable, truth, canvas)
    with code_folder(run) as code:
        model, graph = _build_model(config, run, len(classes), code)
    keep_what_fits(run, config.data.cache_mib, splits)
    task = SegmentTask(model, classes, canvas, config.loss, truth, [splits["val"], splits["test"]])
    data = FitData(splits["train"], splits["val"] if len(splits["val"]) else None, splits["test"])
    result = fit(task, data, config.fit, run)
    metrics = flat_metrics(result)
    weight = None
    if run.rank == 0:
        weight = write_weight(
            run,
            task.model,
            segmenter={"decoder": config.decoder, "width": config.width},
            classes=classes,
            graph=graph,
            canvas=canvas,
            metrics=metrics,
            dataset_fingerprint=version["fingerprint"],
        )
    return {
        "metrics": metrics,
        "weight": weight,
        "classes": classes,
        "images": {name: len(data) for name, data in splits.items()},
        "input": f"{canvas.width} x {canvas.height}",
        **result.course,
    }


def _split_data(
    config: SegmentConfig, usable: Usable, truth: SemanticTruth, canvas: Canvas
) -> dict[str, SegmentationData]:
    """The data of each split; positions of the test go on from those of validation."""
    root, images = Path(config.data.root), usable.splits
    train = SegmentationData(images["train"], truth, root, canvas, config.augment, config.seed)
    val = SegmentationData(images["val"], truth, root, canvas)
    return {"train": train, "val": val, "test": SegmentationData(images["test"], truth, root, canvas, offset=len(val))}


def build_segmenter(
    config: SegmentConfig, classes: int, code: Path, *, pretrained: bool
) -> tuple[nn.Module, dict[str, Any]]:
    """The network and its graph.

    Args:
        config: The configuration.
        classes: Of the data set.
        code: Where the generated code is written.
        pretrained: Start the backbone from its published weights.

    Raises:
        GraphError: See `build`; or the published weights cannot be had.
    """
    graph = config.graph or backbone_graph(config.backbone, pretrained=config.pretrained)
    network = load_model(graph, code, pretrained=pretrained)
    return build(network, graph, {"decoder": config.decoder, "width": config.width}, classes + 1), graph


def _build_model(config: SegmentConfig, run: RunContext, classes: int, code: Path) -> tuple[nn.Module, dict[str, Any]]:
    """The network as the training starts it, drawn from the seed of the run, and its graph."""
    resumes = run.resuming and bool(list_checkpoints(run.dir.checkpoints))
    pretrained = config.pretrained and not resumes and config.initial_weights is None
    torch.manual_seed(config.seed)
    try:
        model, graph = build_segmenter(config, classes, code, pretrained=pretrained)
    except GraphError as error:
        if error.code != "graph.weights_unavailable":
            raise
        run.log(f"{error.message} The backbone starts at random, which takes longer.", "warning")
        model, graph = build_segmenter(config, classes, code, pretrained=False)
    if config.initial_weights is not None:
        start_from(model, Path(config.initial_weights), run, prefixes=_BODIES)
    return model, graph


def _insist_on_shapes(usable: Usable) -> None:
    if not usable.shapes["train"]:
        raise FormatError(
            "No training image has a polygon or a mask.",
            code="data.no_shapes",
            hint="Boxes alone do not say which pixels belong to an object: train a detector, or import polygons.",
            where="data.version",
        )


def _tell_what_is_left_out(run: RunContext, usable: Usable) -> None:
    if usable.unlabelled:
        run.log(f"{usable.unlabelled:,} images have no label file; they are left out, because they may show objects.")
    if usable.boxes_only:
        run.log(f"{usable.boxes_only:,} images have boxes without shapes; they are left out.")
    if usable.vague:
        run.log(
            f"{usable.vague:,} annotations are crowds, boxes alone or of unknown classes; there, pixels do not count."
        )
