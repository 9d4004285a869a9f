"""Fixtures: Alice's data set, her architecture, and the body of a request that trains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cvstudio.training.tests.makers import make_architecture, make_dataset

if TYPE_CHECKING:
    from cvstudio.accounts.models import User
    from cvstudio.architectures.models import ArchitectureVersion
    from cvstudio.datasets.models import DatasetVersion


@pytest.fixture
def squares(alice: User, tmp_path: Path) -> DatasetVersion:
    """Alice's data set."""
    return make_dataset(alice, tmp_path)


@pytest.fixture
def plain(alice: User) -> ArchitectureVersion:
    """Alice's architecture."""
    return make_architecture(alice)


@pytest.fixture
def plan(squares: DatasetVersion, plain: ArchitectureVersion) -> dict[str, Any]:
    """The body of a request that trains one epoch."""
    return {
        "dataset": str(squares.dataset_id),
        "architecture": str(plain.architecture_id),
        "config": {"fit": {"epochs": 1, "batch_size": 4}},
    }
