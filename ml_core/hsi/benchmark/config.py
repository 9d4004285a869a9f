"""Settings of the benchmark. Free of torch."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import model_validator

from ml_core.hsi.presets import PresetName
from ml_core.hsi.stages.infer_config import ClassicName
from ml_core.run.config import RecipeConfig, option
from ml_core.run.machine_options import device_option, threads_option

SCENES, METHODS, TRAINING, MACHINE = "Scenes", "Methods", "Training", "Machine"


class BenchmarkConfig(RecipeConfig):
    """Compare all methods on scenes whose masks are known."""

    train: str = option("", description="Folder of scenes to learn from, unlabelled.", group=SCENES, may_change=True)
    test: str = option(
        description="Folder of scenes to map and to score. The same as for training: the scored scene is left out.",
        group=SCENES,
        min_length=1,
        may_change=True,
    )
    methods: list[ClassicName | Literal["detector"]] = option(
        ["detector", "global_rx", "local_rx", "crd", "iforest", "morphological"],
        description="What to compare; detector stands for all learned heads and their combination.",
        group=METHODS,
        min_length=1,
        max_length=20,
    )
    preset: PresetName = option(
        "cpu", description="Settings of the three stages, the same for all scenes.", group=TRAINING
    )
    folds: int = option(
        3,
        description="Parts into which the scenes are dealt when both folders are the same; one is left out at a time.",
        group=TRAINING,
        ge=2,
        le=100,
    )
    seeds: int = option(
        3, description="How often everything is repeated with other random draws.", group=TRAINING, ge=1, le=100
    )
    leave_sensor_out: bool = option(
        False,
        description="Leave all scenes of the scored scene's sensor out of training, not only its part.",
        group=TRAINING,
    )
    adapt_heads: bool = option(
        False,
        description="Fit the heads to each scored scene, unlabelled, instead of once to the training scenes.",
        group=TRAINING,
    )
    tokenizer: dict[str, Any] = option(
        {}, description="Settings of hsi.tokenizer that differ from the preset.", group=TRAINING, advanced=True
    )
    pretrain: dict[str, Any] = option(
        {}, description="Settings of hsi.pretrain that differ from the preset.", group=TRAINING, advanced=True
    )
    anomaly: dict[str, Any] = option(
        {}, description="Settings of hsi.anomaly that differ from the preset.", group=TRAINING, advanced=True
    )
    seed: int = option(66, description="Seed of the first repetition.", group=MACHINE, ge=0, le=2**53 - 1)
    workers: int | None = option(
        None,
        description="Parts of a scene that are computed at once. Empty means one for each physical core.",
        group=MACHINE,
        ge=1,
        le=256,
        advanced=True,
        may_change=True,
    )
    device: str = device_option()
    threads: int | None = threads_option()

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> BenchmarkConfig:
        if "detector" in self.methods and not self.train:
            raise ValueError("the detector needs a folder to learn from: give train, or leave detector out of methods")
        return self
