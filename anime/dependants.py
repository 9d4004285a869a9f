"""Tells the library of weights what stands on a version, and where one is used."""

from __future__ import annotations


def register() -> None:
    """Add recognitions and generated images to what a deletion looks at, and the pages to what the library links to."""
