"""What pages show of a run beyond its fields: its numbers in order, its actions, its tabs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cvstudio.runs.listing import metrics_of
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.states import ACTIVE, RESUMABLE
from ml_core.errors import CodedError
from ml_core.run.registry import all_recipes, get_recipe

SHOWN_METRICS = 2


@dataclass(frozen=True)
class Action:
    """A button on a run's page; `main` marks the one that is most likely wanted."""

    key: str
    title: str | Promise
    icon: str
    main: bool = False
    danger: bool = False


PAUSE = Action("pause", _("Pause"), "pause")
RESUME = Action("resume", _("Resume"), "play", main=True)
STOP = Action("stop", _("Stop"), "stop", danger=True)
CHECKPOINT = Action("checkpoint", _("Checkpoint now"), "flag")


def actions_of(run: Run) -> list[Action]:
    """Return what the run can be asked for in its state; the server checks again."""
    state = RunState(run.state)
    actions: list[Action] = []
    if state in RESUMABLE:
        actions.append(RESUME)
    if state in (RunState.QUEUED, RunState.STARTING, RunState.RUNNING):
        actions.append(PAUSE)
    if state in (RunState.STARTING, RunState.RUNNING) and run.queue == "train":
        actions.append(CHECKPOINT)
    if state in {RunState.QUEUED, RunState.PAUSED, RunState.LOST, *ACTIVE} - {RunState.STOPPING}:
        actions.append(STOP)
    return actions


def as_row(run: Run, metric_columns: list[str]) -> dict[str, Any]:
    """Return what a row of the table shows."""
    values = metrics_of(run)
    return {
        "run": run,
        "speaking": speaking_metrics(values),
        "metrics": [(name, values.get(name)) for name in metric_columns],
        "live": run.state in ACTIVE or run.state == RunState.QUEUED,
    }


def speaking_metrics(values: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the few numbers that say most: those of validation, a quality before a loss."""
    rank = {"val": 0, "test": 1, "train": 2}

    def weight(name: str) -> tuple[int, bool, str]:
        phase, _slash, short = name.partition("/")
        return rank.get(phase, 3), short == "loss", name

    return [(name, values[name]) for name in sorted(values, key=weight)[:SHOWN_METRICS]]


def known_recipes() -> list[tuple[str, str]]:
    """Return the recipes that can be filtered by: name and title."""
    return sorted((entry.name, entry.title) for entry in all_recipes())


def recipe_title(name: str) -> str:
    """Return the title of a recipe; its name where the recipe is no longer installed."""
    try:
        return get_recipe(name).title
    except CodedError:
        return name
