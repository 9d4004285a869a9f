"""The recipes for images. Free of torch until one runs."""

from __future__ import annotations

from typing import Any

from ml_core.run.context import RunContext
from ml_core.run.registry import recipe
from ml_core.vision.batch.config import DrawConfig
from ml_core.vision.compare.config import CompareConfig
from ml_core.vision.config import ClassifyConfig, PredictConfig
from ml_core.vision.detection.config import DetectConfig, PredictBoxesConfig
from ml_core.vision.export.config import ExportConfig
from ml_core.vision.segmentation.config import PredictMasksConfig, SegmentConfig


@recipe(
    "vision.classify",
    ClassifyConfig,
    title="Train an image classifier",
    summary="Learns to tell the classes of a data set of images apart, with a network drawn as a graph.",
    queue="train",
)
def classify(config: ClassifyConfig, run: RunContext) -> dict[str, Any]:
    """Train, evaluate, and leave a weight folder."""
    from ml_core.vision.classify import train_classifier

    return train_classifier(config, run)


@recipe(
    "vision.predict",
    PredictConfig,
    title="Predict many images",
    summary="Runs a trained classifier over a data set, a folder or a list of images, and writes CSV and JSON.",
    queue="io",
)
def predict(config: PredictConfig, run: RunContext) -> dict[str, Any]:
    """Predict every image; one that cannot be read becomes a row that says why."""
    from ml_core.vision.batch.predict import predict_many

    return predict_many(config, run)


@recipe(
    "vision.detect",
    DetectConfig,
    title="Train an object detector",
    summary="Learns to find the objects of a data set with boxes, with a drawn or known network as its backbone.",
    queue="train",
)
def detect(config: DetectConfig, run: RunContext) -> dict[str, Any]:
    """Train, evaluate, and leave a weight folder."""
    from ml_core.vision.detection.train import train_detector

    return train_detector(config, run)


@recipe(
    "vision.predict_boxes",
    PredictBoxesConfig,
    title="Find objects in many images",
    summary="Runs a trained detector over a data set, a folder or an archive, and writes CSV, JSON and COCO.",
    queue="io",
)
def predict_boxes(config: PredictBoxesConfig, run: RunContext) -> dict[str, Any]:
    """Predict every image; one that cannot be read is named with its reason."""
    from ml_core.vision.batch.predict import predict_many

    return predict_many(config, run)


@recipe(
    "vision.segment",
    SegmentConfig,
    title="Train a segmentation",
    summary="Learns what each pixel shows from polygons or masks, with a drawn or known network.",
    queue="train",
)
def segment(config: SegmentConfig, run: RunContext) -> dict[str, Any]:
    """Train, evaluate, and leave a weight folder."""
    from ml_core.vision.segmentation.train import train_segmenter

    return train_segmenter(config, run)


@recipe(
    "vision.predict_masks",
    PredictMasksConfig,
    title="Segment many images",
    summary="Runs a trained segmentation over a data set, a folder, an archive or a video, and writes CSV, JSON, COCO "
    "and maps of classes.",
    queue="io",
)
def predict_masks(config: PredictMasksConfig, run: RunContext) -> dict[str, Any]:
    """Predict every image; one that cannot be read is named with its reason."""
    from ml_core.vision.batch.predict import predict_many

    return predict_many(config, run)


@recipe(
    "vision.draw",
    DrawConfig,
    title="Draw answers into images",
    summary="Draws what a batch found into its images and videos, and packs them.",
    queue="io",
)
def draw(config: DrawConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``pictures.zip`` or ``pictures.mp4``."""
    from ml_core.vision.batch.draw import draw_answers

    return draw_answers(config, run)


@recipe(
    "vision.export",
    ExportConfig,
    title="Write weights for other programs",
    summary="Writes a network as ONNX and torch.export, proves on real images that they answer the same, and packs "
    "them with classes, preprocessing and a small program.",
    queue="io",
)
def export(config: ExportConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``export.zip`` and ``parity.json``."""
    from ml_core.vision.export.export import run_export

    return run_export(config, run)


@recipe(
    "vision.compare",
    CompareConfig,
    title="Compare two weights",
    summary="Asks two classifiers or two detectors about the same images: who is right where, by class, and whether "
    "the difference is more than chance.",
    queue="io",
)
def compare(config: CompareConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``comparison.json``, the images on which they disagree first."""
    from ml_core.vision.compare.compare import compare_weights

    return compare_weights(config, run)
