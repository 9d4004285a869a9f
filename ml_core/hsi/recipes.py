"""The recipes of hyperspectral anomaly detection. Free of torch until one runs; forms come from the settings."""

from __future__ import annotations

from typing import Any

from ml_core.hsi.benchmark.config import BenchmarkConfig
from ml_core.hsi.import_config import ImportSceneConfig
from ml_core.hsi.stages.anomaly_config import AnomalyConfig
from ml_core.hsi.stages.infer_config import InferConfig
from ml_core.hsi.stages.pretrain_config import PretrainConfig
from ml_core.hsi.stages.tokenizer_config import TokenizerConfig
from ml_core.run.context import RunContext
from ml_core.run.registry import recipe


@recipe(
    "hsi.import",
    ImportSceneConfig,
    title="Import a hyperspectral scene",
    summary="Finds cube and mask in files of any known format, checks and measures them, and makes a scene folder.",
    queue="io",
)
def import_files(config: ImportSceneConfig, run: RunContext) -> dict[str, Any]:
    """Make the scene folder; what was found wrong or repaired stands in it."""
    from ml_core.hsi.import_scene import import_scene

    return import_scene(config, run)


@recipe(
    "hsi.tokenizer",
    TokenizerConfig,
    title="Train a tokenizer of spectra",
    summary="Learns two codebooks, of spectra and of their surroundings, from unlabelled hyperspectral scenes.",
    queue="train",
)
def train_tokenizer(config: TokenizerConfig, run: RunContext) -> dict[str, Any]:
    """Stage 1: leave ``artifacts/tokenizer``."""
    from ml_core.hsi.stages.tokenizer import run_tokenizer

    return run_tokenizer(config, run)


@recipe(
    "hsi.pretrain",
    PretrainConfig,
    title="Pre-train an encoder of scenes",
    summary="Teaches a BERT to predict the masked tokens of hyperspectral scenes from what lies around them.",
    queue="train",
)
def pretrain(config: PretrainConfig, run: RunContext) -> dict[str, Any]:
    """Stage 2: leave ``artifacts/encoder``."""
    from ml_core.hsi.stages.pretrain import run_pretrain

    return run_pretrain(config, run)


@recipe(
    "hsi.anomaly",
    AnomalyConfig,
    title="Fit an anomaly detector",
    summary="Adds the anomaly heads to a pre-trained encoder and fits them to target scenes, without labels.",
    queue="train",
)
def fit_anomaly(config: AnomalyConfig, run: RunContext) -> dict[str, Any]:
    """Stage 3: leave ``artifacts/detector``."""
    from ml_core.hsi.stages.anomaly import run_anomaly

    return run_anomaly(config, run)


@recipe(
    "hsi.infer",
    InferConfig,
    title="Map anomalies of a scene",
    summary="Gives every pixel of a scene an anomaly score, by a trained detector and by classic methods.",
    queue="io",
)
def infer(config: InferConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``artifacts/maps`` and what is known about them in ``artifacts/maps.json``."""
    from ml_core.hsi.stages.infer import run_infer

    return run_infer(config, run)


@recipe(
    "hsi.benchmark",
    BenchmarkConfig,
    title="Compare anomaly detectors",
    summary="Trains on unlabelled scenes, maps scenes left out of training, and scores every method by their masks.",
    queue="train",
)
def benchmark(config: BenchmarkConfig, run: RunContext) -> dict[str, Any]:
    """Score every method on every scene; ``result.json`` holds ``scenes`` and ``mean``."""
    from ml_core.hsi.benchmark.driver import run_benchmark

    return run_benchmark(config, run)
