"""What a probe tries out: task and training data of each recipe that learns from images, without a run around them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ml_core.data.manifest import read_items, read_version
from ml_core.engine.task import IndexedData, Task
from ml_core.graph.build import load_model
from ml_core.vision.classify_task import ClassifyTask
from ml_core.vision.config import ClassifyConfig
from ml_core.vision.detection.canvas import canvas_for
from ml_core.vision.detection.config import DetectConfig
from ml_core.vision.detection.data import DetectionData
from ml_core.vision.detection.task import DetectTask
from ml_core.vision.detection.train import build_detector
from ml_core.vision.detection.truth import read_truth
from ml_core.vision.image_data import ImageData
from ml_core.vision.preparation import prepare_for
from ml_core.vision.segmentation.config import SegmentConfig
from ml_core.vision.segmentation.data import SegmentationData
from ml_core.vision.segmentation.task import SegmentTask
from ml_core.vision.segmentation.train import build_segmenter
from ml_core.vision.segmentation.truth import SemanticTruth


class TrialData(IndexedData, Protocol):
    """Training data that know what keeping them costs."""

    @property
    def memory_bytes(self) -> int:
        """All of them, decoded."""


@dataclass(frozen=True)
class Trial:
    """Enough of a training to take a few steps."""

    task: Task
    data: TrialData


def try_classifier(config: ClassifyConfig, code: Path) -> Trial:
    """A classifier that starts at random; its layers cost the same."""
    version = Path(config.data.version)
    classes: list[str] = read_version(version)["classes"]
    preparation = prepare_for(config.graph, config.input)
    items = [item for item in read_items(version) if item.split == "train"]
    data = ImageData(items, Path(config.data.root), preparation, config.augment, config.seed)
    model = load_model(config.graph, code, pretrained=False)
    return Trial(ClassifyTask(model, classes, preparation, config.label_smoothing, {}), data)


def try_detector(config: DetectConfig, code: Path) -> Trial:
    """A detector that starts at random."""
    version = Path(config.data.version)
    classes: list[str] = read_version(version, tasks=("detect",))["classes"]
    images = read_truth(version, list(read_items(version)))["train"]
    canvas = canvas_for((image.item for image in images), config.size)
    data = DetectionData(images, Path(config.data.root), canvas, config.augment, config.mosaic, config.seed)
    model, _ = build_detector(config, code, len(classes), pretrained=False)
    return Trial(DetectTask(model, classes, canvas, []), data)


def try_segmenter(config: SegmentConfig, code: Path) -> Trial:
    """A segmentation that starts at random."""
    version = Path(config.data.version)
    classes: list[str] = read_version(version, tasks=("detect",))["classes"]
    truth = SemanticTruth(version)
    images = truth.usable(list(read_items(version))).splits["train"]
    canvas = canvas_for((image.item for image in images), config.size)
    data = SegmentationData(images, truth, Path(config.data.root), canvas, config.augment, config.seed)
    model, _ = build_segmenter(config, len(classes), code, pretrained=False)
    return Trial(SegmentTask(model, classes, canvas, config.loss, truth, []), data)


TRIALS: dict[str, Callable[[Any, Path], Trial]] = {
    "vision.classify": try_classifier,
    "vision.detect": try_detector,
    "vision.segment": try_segmenter,
}
