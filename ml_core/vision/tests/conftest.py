from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ml_core.vision.tests.pictures import Pictures, make_pictures


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """Three classes of small colour pictures as a data set version."""
    return make_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "run"
