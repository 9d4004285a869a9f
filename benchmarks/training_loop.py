"""Our fit loop against a bare PyTorch loop, on the same model, data and batches, in one process.

    python -m benchmarks.training_loop [--turns 30] [--device cpu]

The two take turns, an epoch each, so that a machine that slows down slows both. What is compared is batches, forward,
backward, update, values, progress and events. Both loops see the same batches in the same order and end with the same
weights, which is checked. The budget is 1.03.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ml_core.engine.batches import epoch_batches
from ml_core.engine.config import FitConfig
from ml_core.engine.distribution import Single
from ml_core.engine.loop import FitLoop
from ml_core.engine.task import FitData, Gather, Step, Task, TensorData
from ml_core.run.context import RunContext
from ml_core.run.control import Control
from ml_core.run.directory import RunDirectory
from ml_core.run.events import EventWriter

BUDGET = 1.03
SEED = 11


def small_cnn() -> nn.Module:
    """About 20 thousand parameters: the case where a loop's own cost shows most."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Linear(512, 10),
    )


def wider_cnn() -> nn.Module:
    """About 400 thousand parameters."""
    layers: list[nn.Module] = []
    channels = 3
    for width in (32, 64, 128, 256):
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


CASES: dict[str, tuple[Callable[[], nn.Module], tuple[int, int, int], int, int]] = {
    # name: model, image, samples, batch size
    "small CNN, 28x28, batch 64": (small_cnn, (1, 28, 28), 1024, 64),
    "small CNN, 28x28, batch 8": (small_cnn, (1, 28, 28), 512, 8),
    "wider CNN, 32x32, batch 32": (wider_cnn, (3, 32, 32), 128, 32),
}
WARM_UP = 3


class Classify(Task):
    """The plainest task there is."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    def training_step(self, batch: Any) -> Step:
        images, labels = batch
        loss = functional.cross_entropy(self.model(images), labels)
        return Step(loss, len(labels))

    def begin_validation(self) -> None: ...

    def validation_step(self, batch: Any) -> None: ...

    def end_validation(self, gather: Gather) -> dict[str, float]:
        return {}


class Ours:
    """The fit loop, an epoch at a time. Checkpoints are left out: the bare loop makes none."""

    def __init__(self, build: Callable[[], nn.Module], data: TensorData, config: FitConfig, folder: Path) -> None:
        directory = RunDirectory(folder)
        directory.make()
        run = RunContext(directory, EventWriter(directory.events_path), Control(directory.path), seed=SEED)
        torch.manual_seed(SEED)
        self._loop = FitLoop(Classify(build()), FitData(data), config, run, Single())
        self.model = self._loop.state.model

    def epoch(self) -> None:
        """What the loop does in an epoch: train, read the values, average them, log."""
        self._loop._train_epoch()
        self._loop._end_epoch()


class Bare:
    """The loop that everybody writes: batch, forward, backward, step, running loss."""

    def __init__(self, build: Callable[[], nn.Module], data: TensorData, config: FitConfig) -> None:
        torch.manual_seed(SEED)
        self.model = build().to(config.device)
        self._data = data
        self._config = config
        self._optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True if config.device.startswith("cuda") else None,
        )
        steps = config.epochs * -(-len(data) // config.batch_size)
        self._scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self._optimizer, steps)
        self._epoch = 0

    def epoch(self) -> None:
        """Train on every sample once."""
        self.model.train()
        total = torch.zeros((), device=self._config.device)
        for batch in epoch_batches(SEED, self._epoch, len(self._data), self._config.batch_size):
            images, labels = (t.to(self._config.device) for t in self._data.batch(batch, self._epoch))
            loss = functional.cross_entropy(self.model(images), labels)
            loss.backward()
            self._optimizer.step()
            self._optimizer.zero_grad()
            self._scheduler.step()
            total += loss.detach() * len(labels)
        total.item()
        self._epoch += 1


def timed(work: Callable[[], None], device: str) -> float:
    """Seconds of one call."""
    _wait(device)
    began = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - began


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def measure(name: str, turns: int, device: str) -> float:
    """The ratio of a case. The two take turns; the fastest third of each is what the code costs, the rest is the
    machine doing something else meanwhile."""
    build, shape, samples, batch_size = CASES[name]
    generator = torch.Generator().manual_seed(3)
    data = TensorData(
        torch.randn(samples, *shape, generator=generator), torch.randint(10, (samples,), generator=generator)
    )
    config = FitConfig(
        epochs=turns + WARM_UP,
        batch_size=batch_size,
        learning_rate=1e-3,
        schedule="cosine",
        device=device,
        precision="fp32",
        channels_last="off",
        checkpoint_every_s=3600,
        checkpoint_every_epochs=100_000,
        workers=0,
    )
    with tempfile.TemporaryDirectory() as folder:
        our_loop, bare_loop = Ours(build, data, config, Path(folder)), Bare(build, data, config)
        our_loop._loop._keeper.save = lambda *_args, **_settings: None  # type: ignore[method-assign]
        times: dict[str, list[float]] = {"ours": [], "bare": []}
        for turn in range(turns + WARM_UP):
            order = [("ours", our_loop.epoch), ("bare", bare_loop.epoch)]
            for who, work in order if turn % 2 else reversed(order):
                times[who].append(timed(work, device))
        _check_equal(our_loop.model, bare_loop.model)
    ours_s, bare_s = (_typical(times[who][WARM_UP:]) for who in ("ours", "bare"))
    steps = -(-samples // batch_size)
    print(
        f"{name:28} ours {1e3 * ours_s / steps:7.3f} ms a step   bare {1e3 * bare_s / steps:7.3f} ms a step   "
        f"ratio {ours_s / bare_s:.3f}",
        flush=True,
    )
    return ours_s / bare_s


def _typical(times: list[float]) -> float:
    return statistics.fmean(sorted(times)[: max(1, len(times) // 3)])


def _check_equal(first: nn.Module, second: nn.Module) -> None:
    for (name, a), (_, b) in zip(first.named_parameters(), second.named_parameters(), strict=True):
        if not torch.allclose(a, b, rtol=1e-3, atol=1e-4):
            raise AssertionError(f"The two loops did not do the same work: {name} differs.")


def main() -> int:
    """Measure all cases; fails when one is over the budget."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    worst = max(measure(name, options.turns, options.device) for name in CASES)
    verdict = "within" if worst <= BUDGET else "OVER"
    print(f"training loop: worst ratio {worst:.3f}, {verdict} the budget of {BUDGET}")
    return 0 if worst <= BUDGET else 1


if __name__ == "__main__":
    sys.exit(main())
