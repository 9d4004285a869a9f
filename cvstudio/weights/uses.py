"""Where the weights of a task are used. Apps to the right and domains register the page; the library only links."""

from __future__ import annotations

from typing import Any

_pages: dict[str, str] = {}


def register_use(task: str, address: str) -> None:
    """Name the page for weights of a task; the id of the version is put behind ``address``. The same task replaces."""
    _pages[task] = address


def use_address(task: str, version_id: Any) -> str:
    """The page on which a version is used; empty when its task has none."""
    address = _pages.get(task, "")
    return f"{address}{version_id}" if address else ""
