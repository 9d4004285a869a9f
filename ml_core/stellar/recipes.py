"""The recipes of the classification of M stars. Free of torch until one runs; forms come from the settings."""

from __future__ import annotations

from typing import Any

from ml_core.run.context import RunContext
from ml_core.run.registry import recipe
from ml_core.stellar.import_config import ImportSurveyConfig


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
