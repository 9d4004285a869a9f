"""The section in the bar and the door on the overview."""

from __future__ import annotations


def enter() -> None:
    """Register both."""
