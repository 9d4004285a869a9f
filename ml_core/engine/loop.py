"""The fit loop: one for every domain, on one device or many."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

from ml_core.engine.batches import epoch_batches, load_batches, share
from ml_core.engine.config import FitConfig
from ml_core.engine.device import explain_out_of_memory, move
from ml_core.engine.distribution import Single, join_group
from ml_core.engine.evaluation import Interrupted, evaluate
from ml_core.engine.flight_recorder import FlightRecorder
from ml_core.engine.keeper import CheckpointKeeper
from ml_core.engine.report import Reporter
from ml_core.engine.setup import prepare
from ml_core.engine.task import FitData, Task
from ml_core.run.context import RunContext
from ml_core.run.control import RunPaused, RunStopped

StopReason = Literal["epochs", "patience", "max_steps", "task"]

_MAX_PENDING_ROWS = 512  # values kept on the device between two looks
_AGREE_EVERY_STEPS = 8  # how often several processes ask rank 0 whether the user wants something
_NOTHING, _PERIODIC, _MANUAL, _PAUSE, _STOP = range(5)
_DECISIONS = {"checkpoint": _MANUAL, "pause": _PAUSE, "stop": _STOP}


@dataclass(frozen=True)
class FitResult:
    """How a training ended.

    Attributes:
        metrics: Metrics of the delivered weights, by phase: ``val`` and, with test data, ``test``.
        best_epoch: Epoch of the delivered weights, counted from 1.
        stop_reason: All epochs done, patience ran out, the limit of steps was reached, or the task saw no use in more.
        wall_s: Time used over all attempts.
    """

    metrics: dict[str, dict[str, float]]
    train_metrics: dict[str, float]
    monitor: str
    best_score: float | None
    best_epoch: int | None
    best_step: int | None
    epochs: int
    steps: int
    stop_reason: StopReason
    wall_s: float
    numerics: dict[str, Any] = field(default_factory=dict)

    @property
    def course(self) -> dict[str, Any]:
        """How it went, as ``result.json`` says it beside the metrics."""
        return {
            "best_epoch": self.best_epoch, "best_step": self.best_step, "monitor": self.monitor,
            "epochs": self.epochs, "steps": self.steps, "stop_reason": self.stop_reason,
            "wall_s": round(self.wall_s, 3), "numerics": self.numerics,
        }  # fmt: skip


def fit(task: Task, data: FitData, config: FitConfig, run: RunContext) -> FitResult:
    """Train ``task.model``; afterwards it holds the best weights, on the device it was trained on.

    Draws follow from ``run.seed``. With ``run.resuming`` training goes on from the newest whole checkpoint; on the
    CPU the result is bit-equal to that of a training that was never interrupted.

    Raises:
        RunPaused: A pause was asked for; a checkpoint was made.
        RunStopped: A stop was asked for; a checkpoint was made if the disk had room.
        NonFiniteLossError: The loss became NaN or infinite.
        DeviceError: The device is not there, or its memory is not enough.
        CheckpointError: No whole checkpoint to go on from, or the disk is too full for one that must be made.
    """
    with join_group(config.device) as group, explain_out_of_memory(config.batch_size):
        return FitLoop(task, data, config, run, group).run()


class FitLoop:
    """One training. Kept apart from ``fit`` so that benchmarks and tests can look inside."""

    def __init__(self, task: Task, data: FitData, config: FitConfig, run: RunContext, group: Single) -> None:
        self._task = task
        self._data = data
        self._config = config
        self._run = run
        self._group = group
        self.plan, self.state = prepare(task, data, config, run.seed, group)
        self._keeper = CheckpointKeeper(run, config, self.state)
        self._reporter = Reporter(
            run, config, self.plan, self.state, data, FlightRecorder(run, config, self.plan, self.state, data, task)
        )
        self._frozen_parts = len(self.plan.parameters) > 1
        self._clock = time.monotonic()
        self._manual_wanted = False

    def run(self) -> FitResult:
        """Train to the end and evaluate what is delivered."""
        # Rank 0 knows whether there is something to go on from; the others may have come too late to tell.
        if self._group.agree(int(self._run.resuming)) and self._keeper.resume():
            self._reporter.resumed()
        else:
            self._reporter.started()
        self._clock = time.monotonic() - self.state.wall_s
        while True:
            # An interruption may have come between the last step of an epoch and its end.
            is_within_epoch = self.state.position.batch > 0
            reason = self._stop_reason()
            if reason is not None and not is_within_epoch:
                return self._finish(reason)
            self._train_epoch()
            self._end_epoch()

    def _stop_reason(self) -> StopReason | None:
        position, config = self.state.position, self._config
        if config.max_steps is not None and position.step >= config.max_steps:
            return "max_steps"
        if position.epoch >= config.epochs:
            return "epochs"
        if self._task.wants_stop:
            return "task"
        return "patience" if self.state.judge.wants_stop else None

    # One epoch ------------------------------------------------------------------------------------------------

    def _train_epoch(self) -> None:
        """Train from the present position to the end of the epoch, or to the limit of steps."""
        position, plan, accumulate = self.state.position, self.plan, self._config.accumulate
        if position.step == self._config.max_steps:
            return
        self._task.model.train()
        for batch in self._stream():
            start_of_group = position.batch - position.batch % accumulate
            group_size = min(accumulate, plan.batches - start_of_group)
            ends_group = position.batch + 1 == start_of_group + group_size
            self._compute(move(batch, plan.device, plan.channels_last), group_size, ends_group)
            position.batch += 1
            if ends_group:
                position.step += 1
                self._after_step()
                if position.step == self._config.max_steps:
                    return

    def _stream(self) -> Iterator[Any]:
        """The batches still to come in this epoch."""
        position, config, group = self.state.position, self._config, self._group
        batches = epoch_batches(self._run.seed, position.epoch, len(self._data.train), config.batch_size)
        mine = [share(batch, group.rank, group.world_size) for batch in batches[position.batch :]]
        return load_batches(
            self._data.train, mine, position.epoch, workers=config.workers, pin_memory=self.plan.pin_memory
        )

    def _compute(self, batch: Any, group_size: int, ends_group: bool) -> None:
        """Gradients of one batch, and the update where the group of accumulated batches ends."""
        state, precision = self.state, self.state.precision
        if ends_group:
            state.schedule.apply(state.optimizers, state.position.step)
        for part, optimizer in state.optimizers.items():
            if self._frozen_parts:
                self._open_only(part)
            with nullcontext() if ends_group else self._group.without_sync(self.plan.wrapped):
                with precision.autocast():
                    result = self._task.part_step(part, batch)
                precision.backward(result.loss if group_size == 1 else result.loss / group_size)
            prefix = f"{part}." if self._frozen_parts else ""
            state.steps.add(prefix, state.position.step + 1, state.position.batch, result)
            if ends_group:
                precision.step(optimizer, self.plan.parameters[part], self._config.clip_norm)
                optimizer.zero_grad(set_to_none=True)
        if ends_group:
            precision.end_step()
            if state.ema:
                state.ema.update()

    def _open_only(self, part: str) -> None:
        """Gradients for one part alone: the loss of one network often runs through the other."""
        for name, parameters in self.plan.parameters.items():
            for parameter in parameters:
                parameter.requires_grad_(name == part)

    def _after_step(self) -> None:
        self._reporter.after_step()
        if len(self.state.steps) >= _MAX_PENDING_ROWS:
            self._reporter.flush()
        decision = self._decide()
        if decision != _NOTHING:
            self._obey(decision)

    def _decide(self) -> int:
        """What is to be done after this step. With several processes rank 0 decides, now and then."""
        if self._group.world_size > 1:
            if self.state.position.step % _AGREE_EVERY_STEPS:
                return _NOTHING
            return self._group.agree(self._own_decision())
        return self._own_decision()

    def _own_decision(self) -> int:
        if command := self._run.requested():
            return _DECISIONS[command]
        every = self._config.checkpoint_every_steps
        if every and self.state.position.step % every == 0:
            return _PERIODIC
        overdue = time.monotonic() - self._keeper.last_made >= self._config.checkpoint_every_s
        return _PERIODIC if overdue else _NOTHING

    def _obey(self, decision: int) -> None:
        if decision == _PAUSE:
            self._save(["last"], must_succeed=True)
            raise RunPaused
        if decision == _STOP:
            self._save(["last"], must_succeed=False)
            raise RunStopped
        self._save(["last", "manual"] if decision == _MANUAL else ["last"], must_succeed=False)

    def _save(self, tags: list[str], *, must_succeed: bool) -> None:
        self._reporter.flush()
        self.state.wall_s = time.monotonic() - self._clock
        self._keeper.save(tags, must_succeed=must_succeed)

    # The end of an epoch --------------------------------------------------------------------------------------

    def _end_epoch(self) -> None:
        self._reporter.flush()
        train_metrics = self._reporter.epoch_means()
        metrics = self._validate() if self._data.val is not None else {}
        position, state = self.state.position, self.state
        epoch = position.epoch + 1
        improved = state.judge.end_epoch(metrics or train_metrics, position.step, epoch)
        state.schedule.end_epoch((metrics or train_metrics)[state.judge.monitor])
        self._reporter.epoch_ended(epoch, train_metrics, metrics, improved)
        state.steps.clear()
        position.epoch, position.batch = epoch, 0
        is_last = self._stop_reason() is not None
        due = epoch % self._config.checkpoint_every_epochs == 0
        if improved or is_last or due or self._manual_wanted:
            tags = ["last", *(["best"] if improved else []), *(["manual"] if self._manual_wanted else [])]
            self._manual_wanted = False
            self._save(tags, must_succeed=is_last)

    def _validate(self) -> dict[str, float]:
        """Metrics of the validation data. A pause or stop leaves it; a resumed run validates again."""
        assert self._data.val is not None
        try:
            with self.state.ema.applied() if self.state.ema else nullcontext():
                return evaluate(
                    self._task, self._data.val, self._config, self.plan, self.state, self._watch, self._run.seed
                )
        except Interrupted as interrupted:
            self._obey(_DECISIONS[interrupted.command])
            raise AssertionError("A pause or a stop ends the training.") from interrupted

    def _watch(self, samples_done: int) -> None:
        """Between two validation batches: report, and leave when the user wants to."""
        self._reporter.progress(samples_done)
        if self._group.world_size > 1:
            return  # processes could leave at different batches; they look again after the next step
        command = self._run.requested()
        if command == "checkpoint":
            self._manual_wanted = True
        elif command:
            raise Interrupted(command)

    def _finish(self, reason: StopReason) -> FitResult:
        """Put the best weights in and look at them once more, for the reports and for the test data."""
        state, judge = self.state, self.state.judge
        self._keeper.load_best()
        self._task.model = state.model
        metrics: dict[str, dict[str, float]] = {}
        try:
            for phase, data in (("val", self._data.val), ("test", self._data.test)):
                if data is None or len(data) == 0:
                    continue
                found = evaluate(self._task, data, self._config, self.plan, state, self._watch, self._run.seed)
                metrics[phase] = found
                if self._run.rank == 0:
                    self._task.report("val" if phase == "val" else "test", found, self._run)
                if phase == "test":
                    self._run.metric(found, state.position.step, state.position.epoch, "test", "epoch")
        except Interrupted as interrupted:  # the last checkpoint lies there already
            raise (RunPaused if interrupted.command == "pause" else RunStopped) from interrupted
        return FitResult(
            metrics=metrics,
            train_metrics=self._reporter.last_train_metrics,
            monitor=judge.monitor,
            best_score=judge.best_score,
            best_epoch=judge.best_epoch,
            best_step=judge.best_step,
            epochs=state.position.epoch,
            steps=state.position.step,
            stop_reason=reason,
            wall_s=time.monotonic() - self._clock,
            numerics=self.plan.numerics,
        )
