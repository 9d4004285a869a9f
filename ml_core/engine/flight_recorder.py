"""What is written down when a loss becomes no number: the batch, its samples, the weights, and the layers.

The values of steps are read some steps late, so the weights may be spoilt by then. The layers are therefore looked at
with the newest checkpoint: one is made only after all losses before it were looked at.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from PIL import Image
from safetensors.torch import save_file

from ml_core.engine.batches import epoch_batches, share
from ml_core.engine.checkpoint import list_checkpoints, read_checkpoint
from ml_core.engine.config import FitConfig
from ml_core.engine.device import move
from ml_core.engine.flight_batch import SampleValues, contact_sheet, look_at_samples, tensors_of
from ml_core.engine.flight_layers import Values, largest_weights, watch_layers
from ml_core.engine.setup import Plan
from ml_core.engine.state import TrainingState
from ml_core.engine.steplog import Row
from ml_core.engine.task import FitData, Task
from ml_core.errors import CheckpointError
from ml_core.run.context import RunContext

RECORD, BATCH, SHEET = "flight_recorder.json", "flight_recorder.safetensors", "flight_recorder.png"


@dataclass(frozen=True)
class FlightRecord:
    """Everything that is known about the first loss that was no number.

    Attributes:
        weights: The weights as they are by now, spoilt ones first.
        layers: What each layer gave for this batch, in the order of the computation.
        first_bad_layer: The first of them that gave something that is no number.
        looked_at_with: Name of the checkpoint whose weights the layers were looked at with.
        note: Why there are no layers.
    """

    loss: str
    value: str
    epoch: int
    step: int
    batch: int
    learning_rate: float
    samples: list[SampleValues]
    weights: list[Values]
    layers: list[Values] = field(default_factory=list)
    first_bad_layer: str = ""
    looked_at_with: str = ""
    note: str = ""

    @property
    def suspects(self) -> list[str]:
        """Names of the samples in doubt."""
        return [sample.name for sample in self.samples if sample.doubt]


class FlightRecorder:
    """Looks at the batch whose loss is no number, once, before the run ends."""

    def __init__(
        self, run: RunContext, config: FitConfig, plan: Plan, state: TrainingState, data: FitData, task: Task
    ) -> None:
        self._run, self._config, self._plan = run, config, plan
        self._state, self._data, self._task = state, data, task

    def record(self, row: Row, loss: str) -> FlightRecord:
        """Write ``flight_recorder.json``, the batch beside it, and its images where it has some."""
        train, position, group = self._data.train, self._state.position, self._state.group
        indices = epoch_batches(self._run.seed, position.epoch, len(train), self._config.batch_size)[row.batch]
        mine = share(indices, group.rank, group.world_size)
        batch = train.batch(mine, position.epoch)
        weights = largest_weights(self._state.model)  # before those of a checkpoint take their place
        layers, looked_at_with, note = self._layers(batch)
        record = FlightRecord(
            loss=loss,
            value=str(row.values[loss]),
            epoch=position.epoch + 1,
            step=row.step,
            batch=row.batch,
            learning_rate=float(next(iter(self._state.optimizers.values())).param_groups[0]["lr"]),
            samples=look_at_samples([train.item_name(index) for index in mine], batch),
            weights=weights,
            layers=layers,
            first_bad_layer=next((layer.name for layer in layers if layer.not_finite), ""),
            looked_at_with=looked_at_with,
            note=note,
        )
        if self._run.rank == 0:
            self._write(record, batch)
        return record

    def _layers(self, batch: Any) -> tuple[list[Values], str, str]:
        """What the layers gave, the checkpoint with which they were looked at, or why they were not."""
        if self._state.group.world_size > 1:
            return [], "", "Layers are not looked at when several processes train."
        checkpoints = list_checkpoints(self._run.dir.checkpoints)
        if not checkpoints:
            return [], "", "There was no checkpoint yet whose weights the layers could be looked at with."
        try:
            self._state.restore_weights(read_checkpoint(checkpoints[-1]))
        except CheckpointError as error:
            return [], "", error.message
        moved = move(batch, self._plan.device, self._plan.channels_last)
        parts = list(self._state.optimizers)
        with self._state.precision.autocast():
            layers = watch_layers(self._state.model, [partial(self._task.part_step, part, moved) for part in parts])
        return layers, checkpoints[-1].name, ""

    def _write(self, record: FlightRecord, batch: Any) -> None:
        tensors = tensors_of(batch)
        written = self._run.artifact_path(RECORD)
        written.write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, self._run.artifact_path(BATCH))
        names = [RECORD, BATCH]
        sheet = contact_sheet(tensors)
        if sheet is not None:
            Image.fromarray(sheet).save(self._run.artifact_path(SHEET))
            names.append(SHEET)
        for name in names:
            self._run.artifact(self._run.artifact_path(name))
