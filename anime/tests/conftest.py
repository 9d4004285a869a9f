"""Fixtures: a drawn collection of Alice's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from anime.tests.makers import make_collection

if TYPE_CHECKING:
    from anime.models import Collection
    from cvstudio.accounts.models import User


@pytest.fixture
def collection(alice: User) -> Collection:
    """Eight drawn characters with planted faults."""
    return make_collection(alice)


@pytest.fixture
def root(tmp_path: Path, settings: Any) -> Path:
    """A folder of the server whose folders may be registered."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    settings.DATASET_ROOTS = [folder]
    return folder
