"""A small training with every source of state: dropout, batch norm, momentum, averaging, random samples."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml_core.engine.config import FitConfig
from ml_core.engine.loop import FitResult, fit
from ml_core.engine.task import FitData, Gather, Step, Task, TensorData
from ml_core.run import registry
from ml_core.run.config import RecipeConfig
from ml_core.run.context import RunContext
from ml_core.run.control import Control
from ml_core.run.directory import RunDirectory
from ml_core.run.events import EventWriter, read_events
from ml_core.run.seeds import mix

SAMPLES, FEATURES, CLASSES = 61, 6, 3


class NoisyData(TensorData):
    """Points in three heaps; training adds noise that follows from seed, epoch and index."""

    def __init__(self, samples: int = SAMPLES, seed: int = 1, noise_seed: int | None = None) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.labels = torch.randint(CLASSES, (samples,), generator=generator)
        centres = torch.randn(CLASSES, FEATURES, generator=torch.Generator().manual_seed(99)) * 2
        self.points = centres[self.labels] + torch.randn(samples, FEATURES, generator=generator)
        super().__init__(self.points, self.labels)
        self._noise_seed = noise_seed
        self.seen: list[tuple[int, int]] = []

    def batch(self, indices: Sequence[int], epoch: int) -> tuple[Tensor, ...]:
        points, labels = super().batch(indices, epoch)
        if self._noise_seed is not None:
            self.seen += [(epoch, index) for index in indices]
            for row, index in enumerate(indices):
                generator = torch.Generator().manual_seed(mix(self._noise_seed, "sample", epoch, index))
                points[row] += 0.3 * torch.randn(FEATURES, generator=generator)
        return points, labels


class ToyTask(Task):
    unit = "points"
    monitor = "accuracy"
    metric_names = ("loss", "accuracy")

    def __init__(self) -> None:
        self.model = nn.Sequential(
            nn.Linear(FEATURES, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, CLASSES)
        )
        self._noted: list[tuple[Tensor, Tensor]] = []

    def training_step(self, batch: Any) -> Step:
        points, labels = batch
        output = self.model(points)
        return Step(functional.cross_entropy(output, labels), len(labels))

    def begin_validation(self) -> None:
        self._noted.clear()
        torch.rand(3)  # must leave no trace in training

    def validation_step(self, batch: Any) -> None:
        points, labels = batch
        output = self.model(points)
        self._noted.append((functional.cross_entropy(output, labels, reduction="none"), output.argmax(1) == labels))

    def end_validation(self, gather: Gather) -> dict[str, float]:
        losses = gather(torch.cat([loss for loss, _ in self._noted]))
        hits = gather(torch.cat([hit for _, hit in self._noted]))
        return {"loss": float(losses.mean()), "accuracy": float(hits.float().mean())}


BASE = {
    "epochs": 4,
    "batch_size": 8,
    "learning_rate": 0.01,
    "accumulate": 2,
    "clip_norm": 1.0,
    "ema_decay": 0.9,
    "warmup_steps": 3,
    "schedule": "plateau",
    "plateau_patience": 1,
    "log_every_steps": 1,
    "log_min_interval_s": 0,
    "device": "cpu",
    "threads": 1,
}


def open_run(folder: Path, *, resuming: bool = False, seed: int = 5) -> RunContext:
    directory = RunDirectory(folder)
    directory.make()
    return RunContext(
        directory, EventWriter(directory.events_path), Control(directory.path), seed=seed, resuming=resuming
    )


def build(seed: int, **changes: Any) -> tuple[ToyTask, FitData, FitConfig]:
    torch.manual_seed(seed)
    task = ToyTask()
    data = FitData(NoisyData(noise_seed=seed), NoisyData(20, seed=2), NoisyData(20, seed=3))
    return task, data, FitConfig(**{**BASE, **changes})


def train(run: RunContext, **changes: Any) -> tuple[ToyTask, FitResult]:
    task, data, config = build(run.seed, **changes)
    result = fit(task, data, config, run)
    run.events.close()
    return task, result


def facts_of(folder: Path) -> list[tuple[Any, ...]]:
    """What the event log tells about the training, without what depends on time."""
    events, _ = read_events(folder / "events.jsonl", 0, 1 << 30)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    facts = []
    for event in events:
        kind, data = event["kind"], event["data"]
        if kind == "metric":
            facts.append((kind, data["step"], data["phase"], data["scope"], tuple(sorted(data["values"].items()))))
        elif kind == "log" and "step" in data:
            facts.append((kind, data["step"], data["message"]))
    return facts


class ToyConfig(RecipeConfig):
    seed: int = 5
    fit: FitConfig = FitConfig(**BASE)


@registry.recipe("toy.fit", ToyConfig, title="Toy", summary="Trains a toy.")
def toy_fit(config: ToyConfig, run: RunContext) -> dict[str, Any]:
    torch.manual_seed(config.seed)
    task = ToyTask()
    data = FitData(NoisyData(noise_seed=config.seed), NoisyData(20, seed=2))
    result = fit(task, data, config.fit, run)
    if run.rank == 0:
        path = run.artifact_path("final.txt")
        path.write_text("\n".join(str(p.tolist()) for p in task.model.state_dict().values()))
    return {"metrics": result.metrics["val"]}


if __name__ == "__main__":
    from ml_core.run.cli import main

    sys.exit(main(["toy.fit", *sys.argv[1:]]))
