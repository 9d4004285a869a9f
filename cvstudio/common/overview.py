"""The overview is made of panels and doors that the apps bring; it knows none of them by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise

Text = str | Promise


@dataclass(frozen=True)
class Panel:
    """A part of the overview.

    Attributes:
        key: Unique name.
        template: Drawn with what `build` returns.
        build: Returns the context, or None when there is nothing to show.
        order: Place from the top.
    """

    key: str
    template: str
    build: Callable[[HttpRequest], dict[str, Any] | None]
    order: int = 100


@dataclass(frozen=True)
class Step:
    """One step behind a door: where it leads, and how many things the person has there already."""

    title: Text
    url: str
    icon: str
    count: Callable[[Any], int]


@dataclass(frozen=True)
class Door:
    """One system that a newcomer may start with.

    Attributes:
        key: Unique name.
        title: What it is for.
        summary: What one gets, in one sentence.
        icon: Name in `static/icons.svg`.
        steps: The way through it, in order.
        sample: Title and address of the button that brings a sample; the address is posted to.
        order: Place from the left.
    """

    key: str
    title: Text
    summary: Text
    icon: str
    steps: tuple[Step, ...]
    sample: tuple[Text, str] | None = None
    order: int = 100


_panels: dict[str, Panel] = {}
_doors: dict[str, Door] = {}


def register_panel(panel: Panel) -> None:
    """Add a panel; the same key replaces."""
    _panels[panel.key] = panel


def register_door(door: Door) -> None:
    """Add a door; the same key replaces."""
    _doors[door.key] = door


def panels_for(request: HttpRequest) -> list[tuple[Panel, dict[str, Any]]]:
    """Return the panels that have something to show, in order."""
    built = ((panel, panel.build(request)) for panel in sorted(_panels.values(), key=lambda panel: panel.order))
    return [(panel, context) for panel, context in built if context is not None]


def doors_for(user: Any) -> list[dict[str, Any]]:
    """Return the doors with the counts of this person; `next` is the first step that is still empty."""
    shown = []
    for door in sorted(_doors.values(), key=lambda door: door.order):
        steps = [{"step": step, "count": step.count(user)} for step in door.steps]
        following = next((entry["step"] for entry in steps if not entry["count"]), None)
        shown.append({"door": door, "steps": steps, "next": following, "begun": any(entry["count"] for entry in steps)})
    return shown
