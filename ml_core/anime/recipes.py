"""The recipes of anime characters. Free of torch until one runs; forms come from the settings."""

from __future__ import annotations

from typing import Any

from ml_core.anime.classifier.config import ClassifierConfig
from ml_core.anime.distill.config import DistillConfig
from ml_core.anime.online.config import EnrolConfig
from ml_core.run.context import RunContext
from ml_core.run.registry import recipe


@recipe(
    "anime.classifier",
    ClassifierConfig,
    title="Train a recogniser of anime characters",
    summary="Learns characters from folders of images by network, colour and texture, with calibrated confidence and "
    "a sense of what is nobody known.",
    queue="train",
)
def train_classifier(config: ClassifierConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``artifacts/weight``, ``report.json`` and ``health.json``."""
    from ml_core.anime.classifier.train import train_classifier

    return train_classifier(config, run)


@recipe(
    "anime.distill",
    DistillConfig,
    title="Teach a small network",
    summary="A small network learns what a recogniser of anime characters knows, beside the same network that learns "
    "alone, and the three are compared.",
    queue="train",
)
def distill(config: DistillConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``artifacts/weight`` with both students, and what each is worth."""
    from ml_core.anime.distill.distill import run_distill

    return run_distill(config, run)


@recipe(
    "anime.enrol",
    EnrolConfig,
    title="Add a character",
    summary="Adds a character to a trained recogniser, or takes one away, in seconds and without training again, and "
    "says how well it will be told apart.",
    queue="io",
)
def enrol(config: EnrolConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``artifacts/weight`` with the changed recogniser, and ``enrolment.json``."""
    from ml_core.anime.online.enrol import enrol

    return enrol(config, run)
