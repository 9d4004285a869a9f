"""How to train, in one typed form for every domain. Free of torch: forms and API checks are made from it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from ml_core.run.config import option
from ml_core.run.machine_options import checkpoint_every_option, device_option, threads_option

OPTIMISATION, SCHEDULE, PRECISION = "Optimisation", "Schedule", "Precision"
CHECKPOINTS, STOPPING, MACHINE = "Checkpoints", "Stopping", "Machine"


class FitConfig(BaseModel):
    """Settings of the fit loop. One "step" is one update of the weights."""

    model_config = ConfigDict(extra="forbid")

    epochs: int = option(
        10, description="How often every training sample is seen.", group=OPTIMISATION, ge=1, le=100_000
    )
    batch_size: int = option(
        32,
        description="Samples that are computed together, over all devices.",
        group=OPTIMISATION,
        unit="samples",
        ge=1,
        le=65_536,
    )
    learning_rate: float = option(
        1e-3, description="Size of an update, before the schedule.", group=OPTIMISATION, gt=0, le=100
    )
    optimizer: Literal["adamw", "adam", "sgd"] = option(
        "adamw", description="Rule by which gradients change the weights.", group=OPTIMISATION
    )
    weight_decay: float = option(
        0.01, description="Pull of every weight towards zero.", group=OPTIMISATION, ge=0, le=10
    )
    momentum: float = option(
        0.9,
        description="Share of the last update that SGD repeats; the first beta of Adam and AdamW.",
        group=OPTIMISATION,
        advanced=True,
        ge=0,
        lt=1,
    )
    accumulate: int = option(
        1,
        description="Batches whose gradients are averaged into one step: a larger batch in the same memory.",
        group=OPTIMISATION,
        unit="batches",
        advanced=True,
        ge=1,
        le=4096,
    )
    clip_norm: float | None = option(
        None,
        description="Gradients longer than this are shortened to it. Empty means never.",
        group=OPTIMISATION,
        advanced=True,
        gt=0,
    )
    ema_decay: float | None = option(
        None,
        description="Keep a moving average of the weights with this decay, validate and deliver it. Empty means none.",
        group=OPTIMISATION,
        advanced=True,
        gt=0,
        lt=1,
    )

    schedule: Literal["constant", "cosine", "step", "plateau"] = option(
        "cosine",
        description="How the learning rate goes down: not at all, along a cosine, in steps, or when progress stalls.",
        group=SCHEDULE,
    )
    warmup_steps: int = option(
        0, description="Steps in which the learning rate rises from zero.", group=SCHEDULE, unit="steps", ge=0
    )
    final_rate: float = option(
        0.0,
        description="Share of the learning rate at the end of the cosine, and the least share on a plateau.",
        group=SCHEDULE,
        advanced=True,
        ge=0,
        le=1,
    )
    step_epochs: int = option(
        30,
        description="Epochs after which the step schedule lowers the rate.",
        group=SCHEDULE,
        unit="epochs",
        advanced=True,
        ge=1,
    )
    decay_factor: float = option(
        0.1,
        description="What the step and plateau schedules multiply the rate by.",
        group=SCHEDULE,
        advanced=True,
        gt=0,
        lt=1,
    )
    plateau_patience: int = option(
        5,
        description="Epochs without improvement before the plateau schedule lowers the rate.",
        group=SCHEDULE,
        unit="epochs",
        advanced=True,
        ge=1,
    )

    precision: Literal["auto", "fp32", "bf16", "fp16"] = option(
        "auto",
        description="Number format of the computation. Automatic is bf16 where the GPU has it, else fp16 with loss "
        "scaling; fp32 on the CPU.",
        group=PRECISION,
    )
    channels_last: Literal["auto", "on", "off"] = option(
        "auto",
        description="Memory order of images that makes convolutions faster. Automatic is on for CUDA and the CPU.",
        group=PRECISION,
        advanced=True,
    )
    deterministic: bool = option(
        False,
        description="Use only algorithms that repeat to the last bit on a GPU. Slower; the CPU always repeats.",
        group=PRECISION,
        advanced=True,
    )

    checkpoint_every_s: float = checkpoint_every_option(group=CHECKPOINTS, advanced=False)
    checkpoint_every_steps: int | None = option(
        None,
        description="Also make a checkpoint every so many steps. Empty means no.",
        group=CHECKPOINTS,
        unit="steps",
        advanced=True,
        ge=1,
        may_change=True,
    )
    checkpoint_every_epochs: int = option(
        1,
        description="Make a checkpoint every so many epochs. A new best one is always kept.",
        group=CHECKPOINTS,
        unit="epochs",
        advanced=True,
        ge=1,
        may_change=True,
    )
    keep_last: int = option(
        2,
        description="How many of the latest checkpoints stay on the disk, beside the best and those made by hand.",
        group=CHECKPOINTS,
        advanced=True,
        ge=2,
        le=1000,
        may_change=True,
    )
    monitor: str = option(
        "auto",
        description="Metric of the validation that decides which checkpoint is best. Automatic is the task's own.",
        group=CHECKPOINTS,
        advanced=True,
        min_length=1,
        max_length=80,
    )
    monitor_mode: Literal["auto", "min", "max"] = option(
        "auto",
        description="Whether less or more of it is better. Automatic knows losses and errors from scores.",
        group=CHECKPOINTS,
        advanced=True,
    )

    patience: int | None = option(
        None,
        description="Stop after so many epochs without improvement. Empty means never.",
        group=STOPPING,
        unit="epochs",
        ge=1,
    )
    min_delta: float = option(
        0.0, description="A smaller change is no improvement.", group=STOPPING, advanced=True, ge=0
    )
    max_steps: int | None = option(
        None, description="Stop after so many steps. Empty means no limit.", group=STOPPING, unit="steps", ge=1
    )

    device: str = device_option(advanced=False)
    threads: int | None = threads_option()
    workers: int | None = option(
        None,
        description="Processes that prepare batches. Empty means as many as the data need.",
        group=MACHINE,
        advanced=True,
        ge=0,
        le=128,
        may_change=True,
    )
    log_every_steps: int = option(
        10,
        description="Write the values of every so many steps.",
        group=MACHINE,
        unit="steps",
        advanced=True,
        ge=1,
        may_change=True,
    )
    log_min_interval_s: float = option(
        0.1,
        description="Write values of steps at most this often. Zero means no limit.",
        group=MACHINE,
        unit="s",
        advanced=True,
        ge=0,
        le=3600,
        may_change=True,
    )

    @model_validator(mode="after")
    def _fits_together(self) -> FitConfig:
        if self.max_steps is not None and self.warmup_steps >= self.max_steps:
            raise ValueError("warmup_steps must be less than max_steps")
        return self
