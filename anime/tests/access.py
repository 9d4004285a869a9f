"""This domain's part of the access matrix (`tests/access_table.py`): its rows, and Alice's things."""

from __future__ import annotations

from typing import Any

from tests.access_rows import Page, Row

API = "/api/v1/anime"

ROWS: dict[str, Row] = {}

PAGES: dict[str, Page] = {}


def extend(world: Any) -> None:
    """Add Alice's things."""
