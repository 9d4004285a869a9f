"""Progress of one stage of a recipe."""

from __future__ import annotations

from collections.abc import Callable

from ml_core.run.context import RunContext


def stage_progress(run: RunContext, stage: str, unit: str = "images") -> Callable[[int, int], None]:
    """A function of (done, total) that reports, and ends the recipe where the user asked for it."""

    def report(done: int, total: int) -> None:
        run.progress(done, total, unit, stage)
        run.raise_if_requested()

    return report
