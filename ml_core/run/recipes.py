"""Recipes about runs themselves."""

from __future__ import annotations

from typing import Any

from ml_core.run.context import RunContext
from ml_core.run.registry import recipe
from ml_core.run.repeat import RepeatConfig, repeat_run
from ml_core.run.search.config import SearchConfig


@recipe(
    "run.repeat",
    RepeatConfig,
    title="Repeat a run",
    summary="Runs a sealed run again and says whether the result is equal to the last bit, or where it first differs.",
    queue="train",
)
def repeat(config: RepeatConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``comparison.json``."""
    return repeat_run(config, run)


@recipe(
    "run.search",
    SearchConfig,
    title="Search for settings",
    summary="Runs a recipe many times with different settings and tells which did best and which settings matter.",
    queue="train",
)
def search(config: SearchConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``trials.json``."""
    from ml_core.run.search.run import run_search

    return run_search(config, run)
