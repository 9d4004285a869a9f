"""The recipes of the classification of M stars. Free of torch until one runs; forms come from the settings."""

from __future__ import annotations

from typing import Any

from ml_core.run.context import RunContext
from ml_core.run.registry import recipe
from ml_core.stellar.import_config import ImportSurveyConfig
from ml_core.stellar.vo.images_config import DownloadImagesConfig
from ml_core.stellar.vo.spectra_config import DownloadSpectraConfig


@recipe(
    "stellar.import",
    ImportSurveyConfig,
    title="Import a survey of stars",
    summary="Reads a catalogue, SDSS spectra and pictures, checks every file, and makes a survey folder with a report.",
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
