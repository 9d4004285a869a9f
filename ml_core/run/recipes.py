"""Recipes about runs themselves."""

from __future__ import annotations

from typing import Any

from ml_core.run.context import RunContext
from ml_core.run.registry import recipe
from ml_core.run.repeat import RepeatConfig, repeat_run


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
