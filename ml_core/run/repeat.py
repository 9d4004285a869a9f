"""Repeats a sealed run and says whether the same comes out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ml_core.run.compare import Comparison, compare_runs
from ml_core.run.config import RecipeConfig, option
from ml_core.run.context import RunContext
from ml_core.run.directory import RunDirectory, RunDirectoryError
from ml_core.run.files import to_json
from ml_core.run.nested import run_nested


class RepeatConfig(RecipeConfig):
    """Which run to repeat."""

    run: str = option(
        description="Folder of the run to repeat, with its run.json, as it was sealed.", min_length=1, group="Run"
    )


def repeat_run(config: RepeatConfig, run: RunContext) -> dict[str, Any]:
    """Run recipe, settings and seed of another run again in ``repetition/``, and leave ``comparison.json``.

    Raises:
        RunDirectoryError: The folder holds no completed run.
        CodedError: See the recipe that is repeated.
    """
    before = RunDirectory(Path(config.run))
    record = before.read_record()
    result = before.read_result()
    if result is None or result.get("state") != "completed":
        raise RunDirectoryError(
            "Only a run that was completed can be repeated and compared.",
            code="run.not_completed",
            hint="Resume it first, or clone it.",
            where=before.path.name,
        )
    after = RunDirectory(run.dir.path / "repetition")
    run_nested(run, after.path, record["recipe"], record["config"], record["recipe"])
    comparison = compare_runs(before, after)
    words = verdict(comparison)
    path = run.artifact_path("comparison.json")
    path.write_text(
        to_json({**asdict(comparison), "is_equal": comparison.is_equal, "verdict": words}), encoding="utf-8"
    )
    run.artifact(path)
    run.log(words, "info" if comparison.is_equal else "warning")
    return {"is_equal": comparison.is_equal, "verdict": words, "repeated_recipe": record["recipe"]}


def verdict(comparison: Comparison) -> str:
    """One or two sentences for people."""
    counted = f"{comparison.metrics:,} values of metrics and {comparison.files:,} files of weights"
    changed = [*comparison.settings, *comparison.versions]
    since = f" What is not the same from the start: {', '.join(changed)}." if changed else ""
    first = comparison.first
    if comparison.is_equal:
        return f"Equal to the last bit: {counted}.{since}"
    if first is None:
        return f"Nothing could be compared: the run kept neither metrics nor weights.{since}"
    at = f" at step {first.step}" if first.step is not None else ""
    return f"Differs first{at}: {first.where} was {first.before} and is {first.after}.{since}"
