from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ml_core.hsi.stages.tests.chain import run_chain
from ml_core.hsi.stages.tests.small_scenes import write_scenes


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small scenes of two sensors."""
    return write_scenes(tmp_path_factory.mktemp("scenes"), 2, height=28, width=26)


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory, scenes: Path) -> dict[str, Path]:
    """Run directories of all three stages, trained on the small scenes without an interruption."""
    torch.set_num_threads(1)
    return run_chain(scenes, tmp_path_factory.mktemp("chain"))
