"""The search itself: one nested run a trial, a table that grows, and no trial made twice after an interruption."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from ml_core.errors import CodedError, ConfigError
from ml_core.run.context import RunContext
from ml_core.run.files import write_json_atomic
from ml_core.run.nested import run_nested
from ml_core.run.search.config import SearchConfig, check_space, merged
from ml_core.run.search.study import Study, Trial

TABLE = "trials.json"
_LESS_IS_BETTER = ("loss", "error", "mae", "mse", "seconds", "ece")
_FAILURES_IN_A_ROW = 3


def run_search(config: SearchConfig, run: RunContext) -> dict[str, Any]:
    """Make the trials; leave ``trials.json`` with settings, metric and time of each, and what mattered.

    Raises:
        ConfigError: The recipe does not know a setting, or a value of the space.
        CodedError: The first trials all failed; the cause of the last.
    """
    check_space(config)
    direction = _direction(config)
    study = Study(config.space, direction, config.method, config.seed)
    table = run.artifact_path(TABLE)
    trials = _read(table)
    while len(trials) < config.trials or (trials and trials[-1].state == "running"):
        run.raise_if_requested()
        if not trials or trials[-1].state != "running":
            trials.append(Trial(len(trials), study.suggest(trials)))
            _write(table, config, direction, study, trials)  # so that a killed trial goes on with its own settings
        _make(trials[-1], config, run)
        _write(table, config, direction, study, trials)
        _report(trials, study, config, run)
    run.artifact(table)
    best = study.best(trials)
    if best is None or best.value is None:
        raise CodedError("No trial was completed.", code="search.no_trial", hint=trials[-1].cause)
    metrics = {config.metric: best.value, "trials": len(trials)}
    return {"metrics": metrics, "best_trial": best.number + 1, "verdict": _verdict(best, config)}


def _direction(config: SearchConfig) -> Literal["maximize", "minimize"]:
    if config.direction != "auto":
        return config.direction
    return "minimize" if any(word in config.metric.lower() for word in _LESS_IS_BETTER) else "maximize"


def _make(trial: Trial, config: SearchConfig, run: RunContext) -> None:
    """Run the recipe with the settings of the trial. Pauses and stops pass through; the trial stays under way."""
    folder = run.dir.path / "trials" / f"{trial.number + 1:04d}"
    label = f"trial {trial.number + 1} of {config.trials}"
    try:
        result = run_nested(run, folder, config.recipe, merged(config.settings, trial.values), label)
        metrics = {name: float(value) for name, value in result["metrics"].items() if isinstance(value, int | float)}
        trial.seconds = float(result["seconds"])
        trial.metrics = metrics
        if config.metric not in metrics:
            raise ConfigError(
                f'The recipe {config.recipe} gives no "{config.metric}".',
                hint=f"It gives: {', '.join(sorted(metrics)) or 'nothing'}.",
                where="metric",
            )
        if not math.isfinite(metrics[config.metric]):
            raise CodedError(f"The {config.metric} is no number.", code="search.not_finite")
        trial.value, trial.state = metrics[config.metric], "completed"
    except CodedError as error:
        if error.where == "metric":
            raise  # every other trial would end the same way
        trial.state, trial.cause = "failed", f"{error.message} {error.hint}".strip()
    _drop_checkpoints(folder)


def _drop_checkpoints(folder: Path) -> None:
    """Checkpoints and weights of hundreds of trials would fill the disk; the best settings are trained anew."""
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    for weight in folder.glob("artifacts/**/*.safetensors"):
        weight.unlink()


def _report(trials: list[Trial], study: Study, config: SearchConfig, run: RunContext) -> None:
    last, best = trials[-1], study.best(trials)
    shown = ", ".join(f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
                      for key, value in last.values.items())  # fmt: skip
    if last.state == "failed":
        run.log(f"Trial {last.number + 1} failed ({shown}): {last.cause}", "warning")
        recent = trials[-_FAILURES_IN_A_ROW:]
        if best is None and len(recent) == _FAILURES_IN_A_ROW:
            raise CodedError(
                f"The first {len(trials)} trials all failed.", code="search.all_failed", hint=last.cause, where="space"
            )
        return
    assert last.value is not None and best is not None and best.value is not None
    run.log(f"Trial {last.number + 1}: {config.metric} {last.value:.4g} with {shown}.")
    values = {config.metric: last.value, f"best_{config.metric}": best.value}
    run.metric(values, last.number + 1, last.number + 1, "val", "epoch")


def _verdict(best: Trial, config: SearchConfig) -> str:
    shown = ", ".join(f"{key} = {value:.4g}" if isinstance(value, float) else f"{key} = {value}"
                      for key, value in best.values.items())  # fmt: skip
    return f"Best of {config.trials} trials: {config.metric} {best.value:.4g} in trial {best.number + 1} with {shown}."


def _read(table: Path) -> list[Trial]:
    try:
        stored = json.loads(table.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [Trial(**trial) for trial in stored["trials"]]


def _write(table: Path, config: SearchConfig, direction: str, study: Study, trials: list[Trial]) -> None:
    best = study.best(trials)
    is_over = len(trials) == config.trials and trials[-1].state != "running"
    write_json_atomic(
        table,
        {
            "recipe": config.recipe,
            "metric": config.metric,
            "direction": direction,
            "space": {key: allowed.model_dump(exclude_defaults=True) for key, allowed in config.space.items()},
            "trials": [asdict(trial) for trial in trials],
            "best": best.number if best else None,
            "importance": study.importance(trials) if is_over else {},
        },
    )
