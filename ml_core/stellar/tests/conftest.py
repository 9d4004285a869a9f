"""A small simulated survey, made once; tests that change it take a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ml_core.stellar.simulate import simulate_survey


@pytest.fixture(scope="session")
def made_survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("survey") / "stars"
    simulate_survey(folder, 20, seed=3)
    return folder


@pytest.fixture
def survey_folder(made_survey: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_survey, tmp_path / "stars"))
