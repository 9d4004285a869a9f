"""Surveys for tests: real files, simulated, small and quick."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from cvstudio.accounts.models import User
from cvstudio.datasets.tests.carry_out import carry_out_all
from ml_core.run.config import parse_config
from ml_core.run.context import RunContext
from ml_core.run.control import Control
from ml_core.run.directory import RunDirectory
from ml_core.run.events import SilentEvents
from ml_core.run.registry import get_recipe
from ml_core.stellar.survey import open_survey
from stellar.models import Star, Survey
from stellar.services.count_stars import count_stars
from stellar.services.create_survey import create_sample
from stellar.services.star_rows import star_rows
from stellar.storage import survey_folder

STARS = 15


def make_survey(owner: User, name: str = "Field 7", *, stars: int = STARS, seed: int = 0) -> Survey:
    """A simulated survey that went through its import."""
    survey = create_sample(owner, name=name, stars=stars, seed=seed)
    carry_out_all()
    return Survey.objects.select_related("owner", "import_run").get(id=survey.id)


def make_survey_row(owner: User, name: str = "Field 7") -> Survey:
    """The same without a run: the files are made once for all tests of this process."""
    survey = Survey.objects.create(owner=owner, name=name, source="sample", state="ready")
    shutil.copytree(imported(), survey_folder(survey))
    Star.objects.bulk_create(star_rows(survey.id, open_survey(survey_folder(survey))))
    count_stars(survey)
    return survey


@cache
def imported() -> Path:
    """The folder of an imported survey."""
    place = Path(tempfile.mkdtemp(prefix="stellar-tests-"))
    carry_out("stellar.import", {"sample": "simulated", "stars": STARS, "target": str(place / "survey")}, place / "run")
    return place / "survey"


def carry_out(name: str, values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run a recipe in this process, without a database."""
    recipe = get_recipe(name)
    directory = RunDirectory(folder)
    directory.make()
    config = parse_config(recipe.config, values)
    directory.seal(recipe.name, config, 0, name)
    return recipe.function(config, RunContext(directory, SilentEvents(), Control(folder)))
