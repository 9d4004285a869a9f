"""Fixtures of the tests of stars."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def own_folders() -> None:
    """In place of the platform's fixture: nothing here knows its folders, and `tmp_path` must be empty."""
