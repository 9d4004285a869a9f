"""The recipes of anime characters. Free of torch until one runs; forms come from the settings."""

from __future__ import annotations

from typing import Any

from ml_core.anime.benchmark.config import BenchmarkConfig
from ml_core.anime.classifier.config import ClassifierConfig
from ml_core.anime.collection.config import ExtendConfig, HealthConfig, SampleConfig
from ml_core.anime.distill.config import DistillConfig
from ml_core.anime.fusion.config import FusionConfig
from ml_core.anime.generate.config import GeneratorConfig
from ml_core.anime.online.config import EnrolConfig
from ml_core.anime.search.config import IndexConfig
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
    "anime.generator",
    GeneratorConfig,
    title="Train a generator of a character",
    summary="Learns to draw new images of one character from noise, guided by a recogniser, and says whether it learnt "
    "or memorised.",
    queue="train",
)
def train_generator(config: GeneratorConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``artifacts/weight``, ``report.json`` and sheets of samples."""
    from ml_core.anime.generate.train import train_generator

    return train_generator(config, run)


@recipe(
    "anime.distill",
    DistillConfig,
    title="Teach a small network",
    summary="A small network learns what a recogniser of anime characters knows, beside the same network that learns "
    "alone, and the three are compared.",
    queue="train",
)
def distill(config: DistillConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``artifacts/weight`` (the student), ``artifacts/alone`` and ``compare.json``."""
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


@recipe(
    "anime.fusion",
    FusionConfig,
    title="Learn texts about characters",
    summary="Learns what texts say about characters and how far to believe them beside an image, and compares image, "
    "text and both, also with partial, missing and wrong texts.",
    queue="train",
)
def fuse(config: FusionConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``artifacts/weight`` and ``report.json``."""
    from ml_core.anime.fusion.train import run_fusion

    return run_fusion(config, run)


@recipe(
    "anime.benchmark",
    BenchmarkConfig,
    title="Benchmark recognisers of anime characters",
    summary="Trains recogniser, students and texts with several seeds, adds characters, and measures all of it on "
    "images that none has learnt from.",
    queue="train",
)
def benchmark(config: BenchmarkConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``scores.json`` and ``table.md``."""
    from ml_core.anime.benchmark.driver import run_benchmark

    return run_benchmark(config, run)


@recipe(
    "anime.sample_collection",
    SampleConfig,
    title="Draw a collection",
    summary="Draws a few cartoon characters in three styles, with captions and some faults, to try everything with.",
    queue="io",
)
def make_sample(config: SampleConfig, run: RunContext) -> dict[str, Any]:
    """Leave a folder of images and a data set version."""
    from ml_core.anime.collection.make import make_sample

    return make_sample(config, run)


@recipe(
    "anime.extend_collection",
    ExtendConfig,
    title="Add images to a collection",
    summary="Makes the next version of a collection from the one before, its corrections and further images.",
    queue="io",
)
def extend_collection(config: ExtendConfig, run: RunContext) -> dict[str, Any]:
    """Leave a folder of images and a data set version."""
    from ml_core.anime.collection.make import extend_collection

    return extend_collection(config, run)


@recipe(
    "anime.health",
    HealthConfig,
    title="Examine a collection",
    summary="Finds copies within and between characters, files whose names lie, and labels that are likely wrong.",
    queue="io",
)
def examine(config: HealthConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``health.json``."""
    from ml_core.anime.collection.examine import examine

    return examine(config, run)


@recipe(
    "anime.index",
    IndexConfig,
    title="Make a collection searchable",
    summary="Describes every image of a collection, so that images are found by an image or by words.",
    queue="io",
)
def index(config: IndexConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``artifacts/index``."""
    from ml_core.anime.search.build import build_index

    return build_index(config, run)
