"""Fixtures: an allowed root with pictures, and a data set of Alice's that is ready."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cvstudio.datasets.tests.carry_out import image_folder, ready_dataset

if TYPE_CHECKING:
    from cvstudio.accounts.models import User
    from cvstudio.datasets.models import Dataset


@pytest.fixture
def root(tmp_path: Path, settings: Any) -> Path:
    """A folder of the server whose folders may be registered."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    settings.DATASET_ROOTS = [folder]
    return folder


@pytest.fixture
def dataset(alice: User, root: Path) -> Dataset:
    """Cats and dogs with given splits, imported and measured."""
    folder = image_folder(root / "pets", {"cats": 6, "dogs": 4}, split="train")
    image_folder(folder, {"cats": 3, "dogs": 2}, split="val")
    return ready_dataset(alice, folder)
