"""The stand-alone package of a trained detector: its own code, and the boxes that it learnt from. Free of torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ml_core.data.manifest import read_items, read_version
from ml_core.graph.detector_package import Listed, boxes_csv, detector_package
from ml_core.graph.document import fingerprint, sound
from ml_core.graph.settings import read_settings
from ml_core.vision.detection.truth import Truth, read_truth
from ml_core.weights.folder import CODE_FILE, WeightFacts


def weight_package(folder: Path, facts: WeightFacts, settings: Mapping[str, Any]) -> dict[str, str]:
    """File names and their text; ``model.safetensors`` belongs beside them.

    Args:
        folder: The weight folder.
        facts: Of it.
        settings: As for `ml_core.graph.generate`, of the training.

    Raises:
        ConfigError: A setting is unknown or out of bounds.
    """
    assert facts.graph is not None
    height, width = facts.preprocessing["size"]
    told = {**settings, "classes": facts.classes, "threshold": (facts.model_extra or {}).get("threshold")}
    text = (folder / CODE_FILE).read_text(encoding="utf-8")
    name = sound(facts.graph).name
    return detector_package(text, name, fingerprint(facts.graph), facts.classes, (height, width), read_settings(told))


def list_boxes(version: Path) -> str:
    """``boxes.csv`` of the images that a training on a version looks at, in its order.

    Raises:
        FormatError: The version is damaged.
    """
    classes: list[str] = read_version(version, tasks=("detect",))["classes"]
    splits = read_truth(version, list(read_items(version)))
    return boxes_csv(
        (image.item.path, split, list(_listed(image.truth, classes))) for split in splits for image in splits[split]
    )


def _listed(truth: Truth, classes: list[str]) -> Iterator[Listed]:
    for box, label, ignored in zip(truth.boxes.tolist(), truth.labels.tolist(), truth.ignored.tolist(), strict=True):
        left, top, right, bottom = box
        yield "" if ignored else classes[label], left, top, right, bottom
