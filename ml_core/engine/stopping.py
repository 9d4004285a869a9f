"""Which checkpoint is best, and when going on is of no use."""

from __future__ import annotations

import difflib
import math
from typing import Any

from ml_core.engine.config import FitConfig
from ml_core.engine.task import Task
from ml_core.errors import ConfigError


def choose_monitor(config: FitConfig, task: Task, *, has_validation: bool) -> tuple[str, bool]:
    """The metric that decides what is best, and whether less of it is better.

    Raises:
        ConfigError: The task has no such metric.
    """
    name = config.monitor
    if name == "auto":
        name = task.monitor if has_validation else "loss"
    elif has_validation and name not in task.metric_names:
        close = difflib.get_close_matches(name, task.metric_names, n=1, cutoff=0.4)
        hint = f'Did you mean "{close[0]}"?' if close else f"Known metrics: {', '.join(task.metric_names)}."
        raise ConfigError(f'The metric "{name}" is not known here.', hint=hint, where="fit.monitor")
    if config.monitor_mode != "auto":
        return name, config.monitor_mode == "min"
    return name, any(word in name.lower() for word in ("loss", "error", "mae", "mse", "rmse", "fid"))


class Judge:
    """Remembers the best score and counts epochs without improvement. A score that is no number never wins."""

    def __init__(self, monitor: str, less_is_better: bool, patience: int | None, min_delta: float) -> None:
        self.monitor = monitor
        self.less_is_better = less_is_better
        self._patience = patience
        self._min_delta = min_delta
        self.best_score: float | None = None
        self.best_step: int | None = None
        self.best_epoch: int | None = None
        self.best_metrics: dict[str, float] = {}
        self.last_metrics: dict[str, float] = {}
        self._reference: float | None = None
        self._stalled_epochs = 0

    def _is_better(self, score: float, than: float | None, by: float) -> bool:
        if not math.isfinite(score):
            return False
        if than is None:
            return True
        return score < than - by if self.less_is_better else score > than + by

    def end_epoch(self, metrics: dict[str, float], step: int, epoch: int) -> bool:
        """Note an epoch; returns whether it is the best so far. Ties go to the earlier one."""
        score = metrics[self.monitor]
        self.last_metrics = dict(metrics)
        if self._is_better(score, self._reference, self._min_delta):
            self._reference, self._stalled_epochs = score, 0
        else:
            self._stalled_epochs += 1
        if not self._is_better(score, self.best_score, 0.0):
            return False
        self.best_score, self.best_step, self.best_epoch, self.best_metrics = score, step, epoch, dict(metrics)
        return True

    @property
    def wants_stop(self) -> bool:
        """Whether patience has run out."""
        return self._patience is not None and self._stalled_epochs >= self._patience

    def state(self) -> dict[str, Any]:
        """Best score and counters."""
        return {
            "monitor": self.monitor,
            "best_score": self.best_score,
            "best_step": self.best_step,
            "best_epoch": self.best_epoch,
            "best_metrics": self.best_metrics,
            "last_metrics": self.last_metrics,
            "reference": self._reference,
            "stalled_epochs": self._stalled_epochs,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take back what ``state`` gave."""
        self.best_score, self.best_step = state["best_score"], state["best_step"]
        self.best_epoch, self.best_metrics = state["best_epoch"], dict(state["best_metrics"])
        self.last_metrics = dict(state["last_metrics"])
        self._reference, self._stalled_epochs = state["reference"], state["stalled_epochs"]
