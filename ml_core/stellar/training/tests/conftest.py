from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ml_core.stellar.simulate import simulate_survey
from ml_core.stellar.training.tests.small import STARS, TINY, config_of, run


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small survey."""
    folder = tmp_path_factory.mktemp("survey") / "stars"
    simulate_survey(folder, STARS, seed=9)
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, survey: Path) -> dict[str, Path]:
    """Run directories of both models, trained without an interruption."""
    torch.set_num_threads(1)
    found = {}
    for model in TINY:
        found[model] = tmp_path_factory.mktemp("trained") / model
        result = run("stellar.train", config_of(model, survey), found[model])
        assert result["state"] == "completed", result["error"]
    return found
