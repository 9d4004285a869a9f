"""The recipes that look for labels that are likely wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_core.data.doubts.check import Version, by_description, by_training, by_weight
from ml_core.run.config import RecipeConfig, option
from ml_core.run.context import RunContext
from ml_core.run.registry import recipe


class DoubtsConfig(RecipeConfig):
    """Which version to judge, and by what."""

    version: str = option(description="Folder of the version.", group="Data")
    root: str = option(description="Folder of its images.", group="Data")
    weight: str = option(
        "", group="Judge",
        description="Weight folder whose predictions judge. Empty: classes are judged by what the images are made of.",
    )  # fmt: skip
    seen: str = option("", group="Judge", description="Folder of the version that the weight learnt from: images that "
                       "were for training there are not judged.")  # fmt: skip
    folds: int = option(5, ge=2, le=20, group="Judge", advanced=True,
                        description="Parts of the images, each judged by what is learnt from the others.")  # fmt: skip
    seed: int = option(0, ge=0, le=2**31 - 1, group="Judge", advanced=True, description="Decides the parts.")


class CrossDoubtsConfig(RecipeConfig):
    """Which version to judge, and what to train for it."""

    version: str = option(description="Folder of the version.", group="Data")
    root: str = option(description="Folder of its images.", group="Data")
    settings: dict[str, Any] = option({}, group="Judge", description="Settings of the training, as of vision.classify "
                                      "or vision.detect, without its data.")  # fmt: skip
    folds: int = option(3, ge=2, le=10, group="Judge",
                        description="Parts of the images, each judged by a training on the others.")  # fmt: skip
    seed: int = option(0, ge=0, le=2**31 - 1, group="Judge", advanced=True, description="Decides the parts.")


@recipe(
    "data.doubts", DoubtsConfig, queue="io", title="Look for wrong labels",
    summary="Predict images by what has not learnt from them, and list the labels that are likely wrong.",
)  # fmt: skip
def look_for_doubts(config: DoubtsConfig, run: RunContext) -> dict[str, Any]:
    """Write ``doubts.json`` into the version folder and as an artifact."""
    version = Version.open(Path(config.version), Path(config.root))
    if config.weight:
        seen = Path(config.seen) if config.seen else None
        return by_weight(version, run, weight=Path(config.weight), seen=seen)
    return by_description(version, run, folds=config.folds, seed=config.seed)


@recipe(
    "data.cross_doubts", CrossDoubtsConfig, queue="train", title="Look for wrong labels by training",
    summary="Train once for each part of the images without it, predict it, and list labels that are likely wrong.",
)  # fmt: skip
def train_for_doubts(config: CrossDoubtsConfig, run: RunContext) -> dict[str, Any]:
    """Write ``doubts.json`` into the version folder and as an artifact."""
    version = Version.open(Path(config.version), Path(config.root))
    return by_training(version, run, settings=config.settings, folds=config.folds, seed=config.seed)
