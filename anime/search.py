"""Collections and characters in the search box of the top bar."""

from __future__ import annotations


def register() -> None:
    """Add both to the search."""
