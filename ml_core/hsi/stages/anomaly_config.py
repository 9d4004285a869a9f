"""Settings of stage 3 under the specification's names. Free of torch."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, model_validator

from ml_core.hsi.presets import PRESETS, StageName
from ml_core.hsi.stages.config import DATA, NETWORK, TRAINING, StageConfig
from ml_core.run.config import option

_CPU = PRESETS["anomaly"]["cpu"]


class HeadWeights(BaseModel):
    """Shares of the heads in the combined map."""

    model_config = ConfigDict(extra="forbid")

    lm_nll: float = option(
        _CPU["head_weights"]["lm_nll"], title="Surprise in context",
        description="Weight of how unexpected a pixel is among its surroundings.", group="Heads", ge=0, le=100,
    )  # fmt: skip
    recon: float = option(
        _CPU["head_weights"]["recon"], title="Reconstruction",
        description="Weight of how badly a pixel is rebuilt from its scene without small structures.", group="Heads",
        ge=0, le=100,
    )  # fmt: skip
    one_class: float = option(
        _CPU["head_weights"]["one_class"], title="One class",
        description="Weight of how far a pixel lies from the one class of background.", group="Heads", ge=0, le=100,
    )  # fmt: skip

    @model_validator(mode="after")
    def _some_weight(self) -> HeadWeights:
        if not (self.lm_nll or self.recon or self.one_class):
            raise ValueError("at least one head needs a weight above 0")
        return self


class AnomalyConfig(StageConfig):
    """Stage 3: fit the heads on the target scenes."""

    encoder: str = option(
        description="Weight folder, or run, of hsi.pretrain.", group=DATA, min_length=1, may_change=True
    )
    use_labels: bool = option(
        False,
        description="Learn from the masks of the scenes. Off, nothing looks at them.",
        group=TRAINING,
    )
    anomaly_epochs: int = option(
        _CPU["anomaly_epochs"],
        title="Epochs",
        description="Rounds over the target scenes.",
        group=TRAINING,
        unit="epochs",
        ge=1,
        le=100_000,
    )
    anomaly_batch_size: int = option(
        _CPU["anomaly_batch_size"],
        title="Batch size",
        description="Pieces of scenes that are computed together.",
        group=TRAINING,
        ge=2,
        le=65_536,
    )
    learning_rate_anomaly: float = option(
        _CPU["learning_rate_anomaly"],
        title="Learning rate",
        description="Size of an update.",
        group=TRAINING,
        gt=0,
        le=1,
    )
    plantings: int = option(
        _CPU["plantings"],
        description="Copies of the scenes with planted targets, from which the heads learn what a target is.",
        group=TRAINING,
        advanced=True,
        ge=1,
        le=100_000,
    )
    simulated_scenes: int = option(
        _CPU["simulated_scenes"],
        description="Simulated scenes of other sensors that are planted too: few scenes are a narrow world.",
        group=TRAINING,
        advanced=True,
        ge=0,
        le=1_000,
    )
    crops_per_epoch: int = option(
        _CPU["crops_per_epoch"],
        description="Pieces of them drawn at random for a round.",
        group=TRAINING,
        advanced=True,
        ge=2,
        le=10_000_000,
    )
    freeze_encoder: bool = option(
        _CPU["freeze_encoder"], description="Leave the encoder as pre-training left it.", group=NETWORK
    )
    use_lora: bool = option(
        _CPU["use_lora"],
        description="Fit small additions to the encoder (low-rank adapters) to the target scenes.",
        group=NETWORK,
    )
    head_weights: HeadWeights = HeadWeights()

    @classmethod
    def stage_name(cls) -> StageName:
        """Stage 3."""
        return "anomaly"
