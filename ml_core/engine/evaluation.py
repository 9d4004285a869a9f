"""Looks at data without learning from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch

from ml_core.engine import rng
from ml_core.engine.batches import load_batches, ordered_batches, share
from ml_core.engine.config import FitConfig
from ml_core.engine.device import move
from ml_core.engine.setup import Plan
from ml_core.engine.state import TrainingState
from ml_core.engine.task import IndexedData, Task


class Interrupted(Exception):
    """The user wants to leave an evaluation that is under way."""

    def __init__(self, command: Literal["pause", "stop"]) -> None:
        super().__init__(command)
        self.command = command


def evaluate(
    task: Task,
    data: IndexedData,
    config: FitConfig,
    plan: Plan,
    state: TrainingState,
    watch: Callable[[int], None],
    seed: int,
) -> dict[str, float]:
    """Metrics of the present weights on ``data``.

    Draws inside, such as the noise of a generator, come from a seed of their own: whether and how often one looks
    does not change the training.

    Args:
        watch: Called after each batch with the number of samples done; may raise to leave.
    """
    group = state.group
    batches = [share(batch, group.rank, group.world_size) for batch in ordered_batches(len(data), config.batch_size)]
    wrapped, task.model = task.model, state.model  # processes need not keep step here, as wrapped models demand
    was_training = state.model.training
    state.model.eval()
    done = 0
    try:
        with torch.no_grad(), rng.aside(plan.device, seed, "validation", group.rank):
            task.begin_validation()
            stream = load_batches(data, batches, 0, workers=config.workers, pin_memory=plan.pin_memory)
            for batch in stream:
                with state.precision.autocast():
                    task.validation_step(move(batch, plan.device, plan.channels_last))
                done = min(len(data), done + config.batch_size)
                watch(done)
            return task.end_validation(group.gather)
    finally:
        state.model.train(was_training)
        task.model = wrapped
