"""The training of a classifier, from a data set version and a graph to a weight folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ml_core.data.manifest import Item, read_items, read_version
from ml_core.engine.checkpoint import list_checkpoints
from ml_core.engine.loop import FitResult, fit
from ml_core.engine.task import FitData
from ml_core.errors import FormatError, GraphError
from ml_core.graph import analyze
from ml_core.graph.build import load_model
from ml_core.run.context import RunContext
from ml_core.vision.classify_task import ClassifyTask
from ml_core.vision.config import ClassifyConfig
from ml_core.vision.image_data import ImageData, keep_what_fits
from ml_core.vision.preparation import prepare_for
from ml_core.vision.weight_folder import start_from, write_weight


def train_classifier(config: ClassifyConfig, run: RunContext) -> dict[str, Any]:
    """Train, evaluate, and write the weight folder.

    Raises:
        GraphError: The graph has faults, or does not fit images or the number of classes.
        FormatError: The data set is damaged or has no training images.
        CodedError: See `ml_core.engine.loop.fit`.
    """
    version = read_version(Path(config.data.version))
    classes: list[str] = version["classes"]
    run.data_fingerprint(version["fingerprint"])
    check_output(config.graph, len(classes))
    preparation = prepare_for(config.graph, config.input)
    items = _items_by_split(Path(config.data.version))
    root = Path(config.data.root)
    splits = {
        "train": ImageData(items["train"], root, preparation, config.augment, config.seed),
        "val": ImageData(items["val"], root, preparation),
        "test": ImageData(items["test"], root, preparation),
    }
    with code_folder(run) as folder:
        model = _build_model(config, run, folder)
        keep_what_fits(run, config.data.cache_mib, splits)
        task = ClassifyTask(model, classes, preparation, config.label_smoothing, splits)
        data = FitData(splits["train"], splits["val"] if items["val"] else None, splits["test"])
        result = fit(task, data, config.fit, run)
    metrics = flat_metrics(result)
    weight = None
    if run.rank == 0:
        weight = write_weight(
            run,
            task.model,
            classes=classes,
            graph=config.graph,
            preparation=preparation,
            metrics=metrics,
            dataset_fingerprint=version["fingerprint"],
        )
    return {
        "metrics": metrics,
        "weight": weight,
        "classes": classes,
        "images": {name: len(data) for name, data in splits.items()},
        **result.course,
    }


def check_output(graph: dict[str, Any], classes: int) -> None:
    """Refuse a graph whose output is not one number for each class.

    Raises:
        GraphError: With the node and the cure.
    """
    analysis = analyze(graph)
    for finding in analysis.findings:
        if finding.severity == "error":
            raise GraphError(finding.message, code=finding.code, hint=finding.hint, where=finding.node)
    shape = analysis.output_shape
    if shape is None or len(shape) != 2 or shape[1] != classes:
        raise GraphError(
            f"The network gives {_shown(shape)} but the data set has {classes} classes.",
            code="graph.class_count",
            hint=f"Let the last layer have {classes} outputs, so that the result is (N, {classes}).",
            where="output",
        )


def _shown(shape: list[int | str] | None) -> str:
    return "no known shape" if shape is None else f"({', '.join(map(str, shape))})"


def _items_by_split(version: Path) -> dict[str, list[Item]]:
    items: dict[str, list[Item]] = {"train": [], "val": [], "test": []}
    for item in read_items(version):
        items[item.split].append(item)
    if not items["train"]:
        raise FormatError(
            "The data set has no training images.",
            code="data.empty",
            hint="Import it again with a larger share for training.",
            where="data.version",
        )
    return items


@contextmanager
def code_folder(run: RunContext) -> Iterator[Path]:
    """Where the generated code is written: into the run, or, for ranks above 0, where nobody else writes."""
    if run.rank == 0:
        yield run.dir.code
        return
    with tempfile.TemporaryDirectory(prefix="cvstudio-") as folder:
        yield Path(folder)


def _build_model(config: ClassifyConfig, run: RunContext, folder: Path) -> nn.Module:
    """The model of the graph, from its generated code, drawn from the seed of the run."""
    torch.manual_seed(config.seed)
    will_be_replaced = config.initial_weights is not None or (
        run.resuming and bool(list_checkpoints(run.dir.checkpoints))
    )
    model = load_model(config.graph, folder, pretrained=not will_be_replaced)
    if config.initial_weights is not None:
        start_from(model, Path(config.initial_weights), run)
    return model


def flat_metrics(result: FitResult) -> dict[str, float]:
    """Metrics of the delivered weights under plain names; those of the test data begin with ``test_``."""
    flat = dict(result.metrics.get("val") or {f"train_{name}": v for name, v in result.train_metrics.items()})
    flat |= {f"test_{name}": value for name, value in result.metrics.get("test", {}).items()}
    return flat
