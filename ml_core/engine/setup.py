"""Prepares a training: machine, model, optimizers, and the facts that must not change until its end."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ml_core.engine.batches import count_batches
from ml_core.engine.config import FitConfig
from ml_core.engine.device import cap_threads, choose_device, place, use_channels_last
from ml_core.engine.distribution import Single
from ml_core.engine.ema import MovingAverage
from ml_core.engine.optimizers import build_optimizers
from ml_core.engine.precision import Precision, choose_format
from ml_core.engine.rng import seed_all
from ml_core.engine.schedule import Schedule
from ml_core.engine.state import Position, TrainingState
from ml_core.engine.steplog import StepLog
from ml_core.engine.stopping import Judge, choose_monitor
from ml_core.engine.task import FitData, Task
from ml_core.errors import CodedError
from ml_core.run.config import keys_that_may_change
from ml_core.run.files import to_json


class EmptyDataError(CodedError):
    """There is nothing to learn from."""

    default_code = "data.empty"


@dataclass(frozen=True)
class Plan:
    """What is known before the first step and never changes.

    Attributes:
        batches: Batches in an epoch.
        steps_per_epoch: Updates of the weights in an epoch.
        total_steps: Updates in the whole training, unless it stops early.
        wrapped: The model to call in training, which in distributed training is not the bare one.
        parameters: The parameters that each part updates.
        numerics: What the last bits depend on beside the seed; a resume under others is approximate.
    """

    batches: int
    steps_per_epoch: int
    total_steps: int
    device: torch.device
    channels_last: bool
    pin_memory: bool
    wrapped: nn.Module
    parameters: dict[str, list[nn.Parameter]]
    numerics: dict[str, Any]


def prepare(task: Task, data: FitData, config: FitConfig, seed: int, group: Single) -> tuple[Plan, TrainingState]:
    """Set the machine up and build everything that training changes, in its state before the first step.

    Raises:
        DeviceError: The wished device or precision is not there.
        EmptyDataError: No training samples.
        ConfigError: The monitored metric is not known.
    """
    samples = len(data.train)
    if samples == 0:
        raise EmptyDataError("There are no training samples.", hint="Choose data with at least a few samples.")
    threads = cap_threads(config.threads)
    device = choose_device(config.device, group.local_rank)
    _set_determinism(config, device)
    number_format = choose_format(config.precision, device)
    monitor, less_is_better = choose_monitor(config, task, has_validation=data.val is not None)

    model = task.model
    channels_last = use_channels_last(config.channels_last, device, model)
    place(model, device, channels_last)
    groups = task.parameter_groups()
    optimizers = build_optimizers(groups, config, device)
    batches = count_batches(samples, config.batch_size)
    steps_per_epoch = -(-batches // config.accumulate)
    total_steps = min(config.epochs * steps_per_epoch, config.max_steps or config.epochs * steps_per_epoch)
    wrapped = group.wrap(model)
    task.model = wrapped
    # Rank 0 draws as a single process would; the others need draws of their own, such as dropout masks.
    seed_all(seed, "fit", *([group.rank] if group.rank else []))
    plan = Plan(
        batches=batches,
        steps_per_epoch=steps_per_epoch,
        total_steps=total_steps,
        device=device,
        channels_last=channels_last,
        pin_memory=device.type == "cuda",
        wrapped=wrapped,
        parameters={part: [p for g in part_groups for p in g.parameters] for part, part_groups in groups.items()},
        numerics={
            "device": device.type if device.type != "cuda" else torch.cuda.get_device_name(device),
            "threads": threads,
            "precision": number_format,
            "torch": torch.__version__,
        },
    )
    state = TrainingState(
        task=task,
        model=model,
        optimizers=optimizers,
        precision=Precision(number_format, device),
        ema=MovingAverage(model, config.ema_decay) if config.ema_decay is not None else None,
        schedule=Schedule(config, total_steps, steps_per_epoch, less_is_better=less_is_better),
        judge=Judge(monitor, less_is_better, config.patience, config.min_delta),
        steps=StepLog(),
        device=device,
        group=group,
        identity={
            "seed": seed,
            "settings": _settings_hash(config),
            "training samples": samples,
            "validation samples": len(data.val) if data.val is not None else 0,
            "processes": group.world_size,
        },
        numerics=plan.numerics,
        position=Position(),
    )
    return plan, state


def _set_determinism(config: FitConfig, device: torch.device) -> None:
    if device.type != "cuda":
        return
    torch.backends.cudnn.benchmark = not config.deterministic
    if config.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS repeats only with a workspace of its own
    torch.use_deterministic_algorithms(config.deterministic)


def _settings_hash(config: FitConfig) -> str:
    """Of those settings on which the result depends."""
    settings = config.model_dump(mode="json", exclude=keys_that_may_change(FitConfig))
    return hashlib.sha256(to_json(dict(sorted(settings.items()))).encode()).hexdigest()
