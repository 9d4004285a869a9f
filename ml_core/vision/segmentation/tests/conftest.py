from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from ml_core.vision.segmentation.tests.shapes import Shapes, make_shapes


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Shapes:
    """Discs and squares with polygons as a data set version."""
    return make_shapes(tmp_path_factory.mktemp("shapes"))
