"""The recipes of the classification of M stars. Free of torch until one runs; forms come from the settings."""

from __future__ import annotations

from typing import Any

from ml_core.run.context import RunContext
from ml_core.run.registry import recipe
from ml_core.stellar.benchmark.config import BenchmarkConfig
from ml_core.stellar.import_config import ImportSurveyConfig
from ml_core.stellar.predict.config import PredictConfig
from ml_core.stellar.training.config import TrainConfig
from ml_core.stellar.vo.images_config import DownloadImagesConfig
from ml_core.stellar.vo.spectra_config import DownloadSpectraConfig


@recipe(
    "stellar.import",
    ImportSurveyConfig,
    title="Import a survey of stars",
    summary="Reads a catalogue, SDSS spectra and images, checks every file, and makes a survey folder with a report.",
    queue="io",
)
def import_files(config: ImportSurveyConfig, run: RunContext) -> dict[str, Any]:
    """Make the survey folder; what was left out or repaired stands in its report."""
    from ml_core.stellar.import_survey import import_survey

    return import_survey(config, run)


@recipe(
    "stellar.download_images",
    DownloadImagesConfig,
    title="Download images of stars",
    summary="Finds the stars of a survey in an image service (J-PLUS DR3), and files i, r, g composites of them.",
    queue="io",
)
def download_star_images(config: DownloadImagesConfig, run: RunContext) -> dict[str, Any]:
    """Leave the composites in the survey, and what came of each star in ``artifacts/downloads.csv``."""
    from ml_core.stellar.vo.download_images import download_images

    return download_images(config, run)


@recipe(
    "stellar.download_spectra",
    DownloadSpectraConfig,
    title="Download spectra of stars",
    summary="Fetches the SDSS spectra of a survey's stars by plate, MJD and fibre, and files them by subclass.",
    queue="io",
)
def download_star_spectra(config: DownloadSpectraConfig, run: RunContext) -> dict[str, Any]:
    """Leave the spectra in the survey, and what came of each star in ``artifacts/downloads.csv``."""
    from ml_core.stellar.vo.download_spectra import download_spectra

    return download_spectra(config, run)


@recipe(
    "stellar.train",
    TrainConfig,
    title="Train a classifier of M stars",
    summary="Learns the classes M0 to M4 from the spectra, images and colours of a survey, and judges itself on "
    "stars that were held out.",
    queue="train",
)
def train(config: TrainConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``artifacts/weight``, the report, plots and the history."""
    from ml_core.stellar.training.train import run_train

    return run_train(config, run)


@recipe(
    "stellar.benchmark",
    BenchmarkConfig,
    title="Compare classifiers of M stars",
    summary="Trains on one survey, scores on stars that were left out, by S/N group, for spectrum, image, both, the "
    "specification's network and the baselines.",
    queue="train",
)
def benchmark(config: BenchmarkConfig, run: RunContext) -> dict[str, Any]:
    """Score every method; ``result.json`` holds them by name."""
    from ml_core.stellar.benchmark.driver import run_benchmark

    return run_benchmark(config, run)


@recipe(
    "stellar.predict",
    PredictConfig,
    title="Classify the stars of a survey",
    summary="Tells for every star its class with probabilities, its continuous type, and whether it is an M0 to M4 "
    "star at all.",
    queue="io",
)
def predict(config: PredictConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``predictions.csv``, their summary, and the embedding of the stars."""
    from ml_core.stellar.predict.predict import run_predict

    return run_predict(config, run)
