"""Everything that exact resume needs, gathered into a checkpoint and put back from one. A missing item is an error."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ml_core.engine import rng
from ml_core.engine.checkpoint import LoadedCheckpoint, missing_item
from ml_core.engine.distribution import Single
from ml_core.engine.ema import MovingAverage
from ml_core.engine.optimizer_state import optimizer_state, restore_optimizers
from ml_core.engine.precision import Precision
from ml_core.engine.schedule import Schedule
from ml_core.engine.steplog import StepLog
from ml_core.engine.stopping import Judge
from ml_core.engine.task import Task
from ml_core.errors import CheckpointError


@dataclass
class Position:
    """Where training stands, always between two steps.

    Attributes:
        epoch: Epochs completed.
        batch: Batches of the running epoch completed.
        step: Updates of the weights completed.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0


@dataclass
class TrainingState:
    """The parts of a training that change while it runs.

    Attributes:
        model: The bare network, without the wrapping of distributed training.
        identity: Facts that must be equal on resume: seed, settings, sizes of the data, number of processes.
        numerics: What the last bits depend on beside the identity: device, threads, precision, version of torch.
        wall_s: Time used so far, over all attempts.
        resumed_numerics: ``numerics`` of the checkpoint that training went on from.
    """

    task: Task
    model: nn.Module
    optimizers: dict[str, torch.optim.Optimizer]
    precision: Precision
    ema: MovingAverage | None
    schedule: Schedule
    judge: Judge
    steps: StepLog
    device: torch.device
    group: Single
    identity: dict[str, Any]
    numerics: dict[str, Any]
    position: Position
    wall_s: float = 0.0
    resumed_numerics: dict[str, Any] = field(default_factory=dict)

    def collect(self, tags: list[str]) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Any]]:
        """Weights, other tensors, and JSON-able facts. Every process must call it; rank 0 writes the result."""
        tensors, optimizer_facts = optimizer_state(self.optimizers)
        if self.ema:
            tensors |= {f"ema.{name}": tensor for name, tensor in self.ema.tensors().items()}
        rng_tensors, rng_facts = rng.capture(self.device)
        for name, tensor in rng_tensors.items():
            for rank, row in enumerate(self.group.gather(tensor[None]).cpu()):
                tensors[f"rng.{rank}.{name}"] = row.clone()
        facts: dict[str, Any] = {
            "step": self.position.step,
            "epoch": self.position.epoch,
            "batch": self.position.batch,
            "tags": tags,
            "metrics": self.judge.last_metrics,
            "identity": self.identity,
            "numerics": self.numerics,
            "optimizer": optimizer_facts,
            "schedule": self.schedule.state(),
            "scaler": self.precision.state(),
            "ema": {"updates": self.ema.updates} if self.ema else None,
            "judge": self.judge.state(),
            "epoch_sums": self.steps.state(),
            "rng": self.group.gather_json(rng_facts),
            "task": self.task.state(),
            "wall_s": self.wall_s,
        }
        return self.model.state_dict(), tensors, facts

    def restore(self, loaded: LoadedCheckpoint) -> None:
        """Put everything back.

        Raises:
            CheckpointError: An item is missing, or the checkpoint belongs to another training.
        """
        self._check_identity(loaded)
        self.restore_weights(loaded)
        restore_optimizers(loaded, self.optimizers)
        scaler = loaded.item("scaler")
        if self.precision.scaler and scaler is None:
            raise missing_item(loaded.facts.path, "scaler")
        self.precision.load_state(scaler)
        self.position = Position(loaded.item("epoch"), loaded.item("batch"), loaded.item("step"))
        self.wall_s = loaded.item("wall_s")
        self.resumed_numerics = loaded.item("numerics")
        for name, owner in (("schedule", self.schedule), ("judge", self.judge), ("epoch_sums", self.steps)):
            try:
                owner.load_state(loaded.item(name))
            except (KeyError, TypeError) as error:
                raise missing_item(loaded.facts.path, f"{name}.{error.args[0]}") from error
        self.task.load_state(loaded.item("task"))
        self._restore_rng(loaded)

    def restore_weights(self, loaded: LoadedCheckpoint) -> None:
        """Put back the model and its moving average alone."""
        _restore_model(loaded, self.model)
        if self.ema:
            averages = loaded.tensor_items("ema.")
            if set(averages) != set(self.ema.tensors()):
                raise missing_item(loaded.facts.path, "ema")
            self.ema.load(averages, loaded.item("ema", "updates"))

    def _check_identity(self, loaded: LoadedCheckpoint) -> None:
        for name, value in self.identity.items():
            if loaded.item("identity", name) != value:
                raise CheckpointError(
                    f"The checkpoint {loaded.facts.path.name} belongs to another training: {name} differs.",
                    code="checkpoint.other_training",
                    hint="Resume with the settings, data and number of processes that the run was started with.",
                    where=name,
                )

    def _restore_rng(self, loaded: LoadedCheckpoint) -> None:
        rank = self.group.rank
        try:
            rng.restore(loaded.tensor_items(f"rng.{rank}."), loaded.item("rng")[rank], self.device)
        except (KeyError, IndexError, RuntimeError, ValueError, TypeError) as error:
            raise missing_item(loaded.facts.path, f"rng.{rank}") from error


def _restore_model(loaded: LoadedCheckpoint, model: nn.Module) -> None:
    own = model.state_dict()
    if lacking := sorted(set(own) - set(loaded.model)):
        raise missing_item(loaded.facts.path, f"model.{lacking[0]}")
    wrong = sorted(set(loaded.model) - set(own)) or sorted(
        name for name in own if own[name].shape != loaded.model[name].shape
    )
    if wrong:
        raise CheckpointError(
            f'The checkpoint {loaded.facts.path.name} belongs to another model: "{wrong[0]}" does not fit.',
            code="checkpoint.other_model",
            hint="Resume with the architecture that the run was started with.",
            where=wrong[0],
        )
    model.load_state_dict(loaded.model)
