"""Tells the run what the loop does: values of steps and epochs, progress, and what went wrong."""

from __future__ import annotations

import time

from ml_core.engine.config import FitConfig
from ml_core.engine.flight_recorder import RECORD, FlightRecorder
from ml_core.engine.setup import Plan
from ml_core.engine.state import TrainingState
from ml_core.engine.steplog import Row, first_non_finite
from ml_core.engine.task import FitData
from ml_core.errors import NonFiniteLossError
from ml_core.run.context import RunContext

_PROGRESS_EVERY_S = 0.5
_ITEMS_NAMED = 16


class Reporter:
    """Writes the events of one training.

    Attributes:
        last_train_metrics: Means over the last epoch.
    """

    def __init__(
        self,
        run: RunContext,
        config: FitConfig,
        plan: Plan,
        state: TrainingState,
        data: FitData,
        recorder: FlightRecorder,
    ) -> None:
        self._run = run
        self._config = config
        self._plan = plan
        self._state = state
        self._data = data
        self._recorder = recorder
        self._next_progress = 0.0
        self._next_values = 0.0
        self._val_samples = len(data.val) if data.val is not None else 0
        self.last_train_metrics: dict[str, float] = {}

    def started(self) -> None:
        """The first line of a training."""
        numerics, state = self._plan.numerics, self._state
        parameters = sum(p.numel() for p in state.model.parameters())
        self._run.log(
            f"Training {parameters:,} parameters on {len(self._data.train):,} {state.task.unit} for "
            f"{self._config.epochs} epochs of {self._plan.steps_per_epoch:,} steps, on {numerics['device']} "
            f"({numerics['precision']}, {numerics['threads']} threads, {state.group.world_size} processes).",
            step=0,
        )

    def resumed(self) -> None:
        """The first line after an interruption; says whether the result will be the same to the last bit."""
        position, before, now = self._state.position, self._state.resumed_numerics, self._plan.numerics
        self._run.log(f"Resumed at step {position.step} (epoch {position.epoch + 1}, batch {position.batch}).")
        changed = [f"{name} was {before.get(name)} and is {now[name]}" for name in now if before.get(name) != now[name]]
        if changed:
            self._run.log(f"The result will be close, not bit-equal: {'; '.join(changed)}.", "warning")

    def after_step(self) -> None:
        """Called after every step; most calls do nothing but look at the clock."""
        step, now = self._state.position.step, time.monotonic()
        is_turn = step % self._config.log_every_steps == 0 or step == 1
        if is_turn and now >= self._next_values:
            self._next_values = now + self._config.log_min_interval_s
            self._write_values(step)
        if now >= self._next_progress:
            self._next_progress = now + _PROGRESS_EVERY_S
            self.progress(0)

    def _write_values(self, step: int) -> None:
        rows = [row for row in self.flush() if row.step == step]
        total = sum(row.size for row in rows)
        names = [name for row in rows for name in row.values]
        values = {
            name: sum(row.values[name] * row.size for row in rows if name in row.values)
            / sum(row.size for row in rows if name in row.values)
            for name in names
        }
        if total:
            optimizer = next(iter(self._state.optimizers.values()))
            values["learning_rate"] = float(optimizer.param_groups[0]["lr"])
            self._run.metric(values, step, self._state.position.epoch + 1, "train", "step")

    def flush(self) -> list[Row]:
        """Read the values noted since the last time and check them.

        Raises:
            NonFiniteLossError: Names epoch, step, batch and items of the first loss that is no number.
        """
        rows = self._state.steps.flush()
        if fault := first_non_finite(rows):
            raise self._non_finite(*fault)
        return rows

    def _non_finite(self, row: Row, name: str) -> NonFiniteLossError:
        record = self._recorder.record(row, name)
        items = record.suspects or [sample.name for sample in record.samples]
        named = ", ".join(items[:_ITEMS_NAMED]) + (
            f" and {len(items) - _ITEMS_NAMED} more" * (len(items) > _ITEMS_NAMED)
        )
        cure = (
            f"Look at these items of the batch, their values are no numbers or far from the others: {named}."
            if record.suspects
            else f"Lower the learning rate or set clip_norm, and look at the items of this batch: {named}."
        )
        return NonFiniteLossError(
            f"The {name} became {record.value} in epoch {record.epoch} at step {record.step}.",
            hint=f"{cure} Batch and layers are in {RECORD}.",
            where=f"epoch {record.epoch}, step {record.step}, batch {record.batch}",
        )

    def epoch_means(self) -> dict[str, float]:
        """Means over the training samples of the epoch, of all processes."""
        steps = self._state.steps
        names = sorted(steps.sums)
        totals = self._state.group.sum([steps.sums[name] for name in names] + [steps.weights[name] for name in names])
        means = {name: totals[i] / totals[i + len(names)] for i, name in enumerate(names)}
        if "loss" not in means:  # several parts, each with a loss of its own
            means["loss"] = sum(value for name, value in means.items() if name.endswith(".loss"))
        self.last_train_metrics = means
        return means

    def epoch_ended(
        self, epoch: int, train_metrics: dict[str, float], metrics: dict[str, float], improved: bool
    ) -> None:
        """Values and a line of log about an epoch. Repeated epochs of a resumed run write nothing new."""
        step = self._state.position.step
        self._run.metric(train_metrics, step, epoch, "train", "epoch")
        if metrics:
            self._run.metric(metrics, step, epoch, "val", "epoch")
        shown = [f"training loss {train_metrics['loss']:.4g}"]
        shown += [f"validation {name.replace('_', ' ')} {value:.4g}" for name, value in list(metrics.items())[:3]]
        best = " Best so far." if improved else ""
        self._run.log(f"Epoch {epoch} of {self._config.epochs}: {', '.join(shown)}.{best}", step=step)
        self.progress(self._val_samples)

    def progress(self, validated: int) -> None:
        """How far the whole training is, validation included, so that the remaining time is honest."""
        position, samples = self._state.position, len(self._data.train)
        trained = min(samples, position.batch * self._config.batch_size)
        done = position.epoch * (samples + self._val_samples) + trained + validated
        total = self._config.epochs * (samples + self._val_samples)
        epoch = min(position.epoch + 1, self._config.epochs)
        self._run.progress(min(done, total), total, self._state.task.unit, f"epoch {epoch}/{self._config.epochs}")
