"""Makes checkpoints, tells of them, keeps the right ones, and finds the one to go on from."""

from __future__ import annotations

import time

from ml_core.engine.checkpoint import (
    DISK_FULL_CODE,
    CheckpointFacts,
    LoadedCheckpoint,
    clean_up,
    list_checkpoints,
    name_of,
    read_checkpoint,
    remove_superseded,
    write_checkpoint,
)
from ml_core.engine.config import FitConfig
from ml_core.engine.state import TrainingState
from ml_core.errors import CheckpointError
from ml_core.run.context import RunContext


class CheckpointKeeper:
    """The checkpoints of one run.

    Attributes:
        last_made: When the last one was made or failed, on the monotonic clock.
    """

    def __init__(self, run: RunContext, config: FitConfig, state: TrainingState) -> None:
        self._run = run
        self._config = config
        self._state = state
        self.last_made = time.monotonic()

    def save(self, tags: list[str], *, must_succeed: bool) -> None:
        """Make a checkpoint of the present state.

        On a full disk a periodic checkpoint becomes a warning and training goes on: freed space cures it by the next.

        Raises:
            CheckpointError: The disk is full and ``must_succeed`` is set.
        """
        model, tensors, facts = self._state.collect(tags)
        if self._run.rank == 0:
            self._run.events.sync()  # the log must never be behind the state from which training would go on
            try:
                written = write_checkpoint(self._run.dir.checkpoints, model, tensors, facts)
            except CheckpointError as error:
                if must_succeed or error.code != DISK_FULL_CODE:
                    raise
                self._run.log(f"{error.message} {error.hint} Training goes on without it.", "warning")
            else:
                self._announce(written)
                best_step = self._state.judge.best_step
                remove_superseded(self._run.dir.checkpoints, self._config.keep_last, best_step)
        self._state.group.wait()
        self.last_made = time.monotonic()

    def _announce(self, facts: CheckpointFacts) -> None:
        self._run.checkpoint(
            facts.path,
            step=facts.step,
            epoch=facts.epoch,
            size_bytes=facts.size_bytes,
            sha256=facts.sha256,
            tags=facts.tags,
            metrics=facts.metrics,
        )

    def resume(self) -> bool:
        """Put the state of the newest whole checkpoint back.

        Damaged ones are named in the log and passed over.

        Returns:
            Whether there was one; a run that was killed before its first checkpoint starts again from step 0.

        Raises:
            CheckpointError: All are damaged, or the newest whole one lacks an item.
        """
        folder = self._run.dir.checkpoints
        if self._run.rank == 0:
            clean_up(folder)
        loaded = self._newest() if self._run.rank == 0 else None
        step = self._state.group.agree(loaded.facts.step if loaded else -1)
        if step < 0:
            return False
        loaded = loaded or read_checkpoint(folder / name_of(step))
        self._state.restore(loaded)
        if self._run.rank == 0:
            self._announce(loaded.facts)  # a kill may have come between the checkpoint and its event
        self.last_made = time.monotonic()
        return True

    def _newest(self) -> LoadedCheckpoint | None:
        first_error: CheckpointError | None = None
        for path in reversed(list_checkpoints(self._run.dir.checkpoints)):
            try:
                return read_checkpoint(path)
            except CheckpointError as error:
                if error.code != "checkpoint.damaged":
                    raise
                self._run.log(f"{error.message} An older checkpoint is tried.", "warning")
                first_error = first_error or error
        if first_error:
            raise first_error
        return None

    def load_best(self) -> None:
        """Put the weights to deliver into the model: those of the best epoch, averaged if averaging is on."""
        state = self._state
        best_step = state.judge.best_step
        if best_step is not None and best_step != state.position.step:
            try:
                state.restore_weights(read_checkpoint(self._run.dir.checkpoints / name_of(best_step)))
            except CheckpointError as error:  # a full disk may have kept the best checkpoint from being made
                self._run.log(f"{error.message} The last weights are delivered instead of the best.", "warning")
        if state.ema:
            state.ema.swap()
