"""The learning rate at each step: a plain function of the step, plus a memory where the rate follows the progress."""

from __future__ import annotations

import math
from typing import Any

import torch

from ml_core.engine.config import FitConfig


def rate_factor(config: FitConfig, step: int, total_steps: int, steps_per_epoch: int) -> float:
    """What the learning rate is multiplied by at ``step``, counted from 0.

    Exported training scripts hold the same lines, therefore they are part of what "the same training" means.
    """
    if step < config.warmup_steps:
        return (step + 1) / config.warmup_steps
    if config.schedule == "cosine":
        span = max(1, total_steps - config.warmup_steps)
        position = min(1.0, (step - config.warmup_steps) / span)
        return config.final_rate + (1 - config.final_rate) * 0.5 * (1 + math.cos(math.pi * position))
    if config.schedule == "step":
        return float(config.decay_factor ** (step // (config.step_epochs * steps_per_epoch)))
    return 1.0


class Schedule:
    """Sets the learning rate of optimizers before each step."""

    def __init__(self, config: FitConfig, total_steps: int, steps_per_epoch: int, *, less_is_better: bool) -> None:
        self._config = config
        self._total_steps = total_steps
        self._steps_per_epoch = steps_per_epoch
        self._sign = -1.0 if less_is_better else 1.0
        self._best = -math.inf
        self._stalled_epochs = 0
        self._plateau_factor = 1.0

    def apply(self, optimizers: dict[str, torch.optim.Optimizer], step: int) -> None:
        """Set the rate for ``step``."""
        factor = rate_factor(self._config, step, self._total_steps, self._steps_per_epoch) * self._plateau_factor
        for optimizer in optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * factor

    def end_epoch(self, score: float) -> None:
        """Lower the rate when the monitored metric stalls (plateau schedule only)."""
        if self._config.schedule != "plateau":
            return
        signed = self._sign * score
        if signed > self._best + self._config.min_delta:
            self._best, self._stalled_epochs = signed, 0
            return
        self._stalled_epochs += 1
        if self._stalled_epochs >= self._config.plateau_patience:
            self._plateau_factor = max(self._config.final_rate, self._plateau_factor * self._config.decay_factor)
            self._stalled_epochs = 0

    def state(self) -> dict[str, Any]:
        """What the plateau schedule remembers."""
        best = None if self._best == -math.inf else self._best
        return {"best": best, "stalled_epochs": self._stalled_epochs, "plateau_factor": self._plateau_factor}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take back what ``state`` gave."""
        self._best = -math.inf if state["best"] is None else state["best"]
        self._stalled_epochs = state["stalled_epochs"]
        self._plateau_factor = state["plateau_factor"]
