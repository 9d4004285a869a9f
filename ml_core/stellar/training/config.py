"""Settings of ``stellar.train``. Free of torch."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import model_validator

from ml_core.run.config import RecipeConfig, option
from ml_core.run.machine_options import checkpoint_every_option, device_option, seed_option, threads_option
from ml_core.stellar.presets import PRESETS, ModelName, PresetName, with_preset

DATA, MODEL, TRAINING, MACHINE = "Stars", "Model", "Training", "Machine"
_RECOMMENDED = PRESETS["recommended"]
_FUSION = PRESETS["fusion_cpu"]


class TrainConfig(RecipeConfig):
    """Train a classifier of M stars. ``preset`` fills whatever was not set."""

    preset: PresetName = option(
        "recommended",
        description="Values of everything that is not set: the recommended classifier, or the specification's network "
        "in three sizes.",
        group=MODEL,
    )
    survey: str = option(description="Folder of the survey.", group=DATA, min_length=1, may_change=True)
    modality: Literal["both", "spectrum", "image", "any"] = option(
        "both",
        description="What a star must have to train: a spectrum and an image, one of them, or either.",
        group=DATA,
    )
    validation: float = option(
        0.2,
        description="Share of the stars of each class that is held out to judge by.",
        group=DATA,
        ge=0.05,
        le=0.5,
    )
    cache: str = option(
        "",
        description="Folder for the stars as arrays, shared by runs. Empty keeps them in the run while it lasts.",
        group=MACHINE,
        advanced=True,
        may_change=True,
    )
    model: ModelName = option(
        _RECOMMENDED["model"],
        description="The recommended classifier of unlike members, or the specification's fusion network.",
        group=MODEL,
    )
    backbone: Literal["small", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152"] = option(
        _FUSION["backbone"], description="Image encoder of the fusion network.", group=MODEL, advanced=True
    )
    pretrained: str = option(
        _FUSION["pretrained"],
        description="Weights that the image encoder starts from: a name of torchvision's (DEFAULT, IMAGENET1K_V1), or "
        "the path of a .safetensors or .pth file. Empty starts at random.",
        group=MODEL,
        advanced=True,
        max_length=1000,
    )
    d_model: int = option(
        _FUSION["d_model"],
        description="Length of a token of the fusion network.",
        group=MODEL,
        advanced=True,
        ge=16,
        le=2048,
        multiple_of=8,
    )
    num_heads: int = option(
        _FUSION["num_heads"], description="Heads of attention.", group=MODEL, advanced=True, ge=1, le=64
    )
    num_layers: int = option(
        _FUSION["num_layers"], description="Layers of the transformer.", group=MODEL, advanced=True, ge=1, le=48
    )
    dropout: float = option(
        _FUSION["dropout"], description="Dropout of the transformer.", group=MODEL, advanced=True, ge=0, lt=1
    )
    modality_dropout: float = option(
        _RECOMMENDED["modality_dropout"],
        description="How often a modality of a star is hidden in training, so that the model learns to do without.",
        group=TRAINING,
        advanced=True,
        ge=0,
        le=1,
    )
    sic_weight: float = option(
        _RECOMMENDED["sic_weight"],
        title="Weight of the contrastive loss",
        description="How much it counts that a star's spectrum and image find each other.",
        group=TRAINING,
        advanced=True,
        ge=0,
        le=100,
    )
    sic_temperature: float = option(
        _RECOMMENDED["sic_temperature"],
        title="Temperature of the contrastive loss",
        description="Smaller numbers compare more sharply.",
        group=TRAINING,
        advanced=True,
        gt=0,
        le=10,
    )
    augment: bool = option(
        True,
        description="Also show stars made fainter, a little wrongly calibrated, and turned.",
        group=TRAINING,
        advanced=True,
    )
    epochs: int = option(
        _RECOMMENDED["epochs"], description="Rounds, each followed by a look at the held-out stars.", group=TRAINING,
        unit="epochs", ge=1, le=100_000,
    )  # fmt: skip
    steps_per_epoch: int = option(
        _RECOMMENDED["steps_per_epoch"],
        description="An epoch has at least so many updates: small surveys are gone through several times. Zero is "
        "once.",
        group=TRAINING,
        unit="steps",
        advanced=True,
        ge=0,
        le=100_000,
    )
    batch_size: int = option(
        _RECOMMENDED["batch_size"], description="Stars that are computed together.", group=TRAINING, unit="stars",
        ge=2, le=65_536,
    )  # fmt: skip
    learning_rate: float = option(
        _RECOMMENDED["learning_rate"], description="Size of an update.", group=TRAINING, gt=0, le=1
    )
    weight_decay: float = option(
        _RECOMMENDED["weight_decay"], description="Pull of every weight towards zero.", group=TRAINING, advanced=True,
        ge=0, le=10,
    )  # fmt: skip
    optimizer: Literal["adamw", "adam", "sgd"] = option(
        _RECOMMENDED["optimizer"], description="Rule by which gradients change the weights.", group=TRAINING,
        advanced=True,
    )  # fmt: skip
    patience: int | None = option(
        None,
        description="Stop after so many epochs without improvement. Empty means never.",
        group=TRAINING,
        unit="epochs",
        ge=1,
    )
    history_file: str = option(
        "",
        description="A training_history.json to which all trainings append. Empty keeps this run's own alone.",
        group=MACHINE,
        advanced=True,
        may_change=True,
    )
    seed: int = seed_option()
    device: str = device_option()
    threads: int | None = threads_option()
    checkpoint_every_s: float = checkpoint_every_option()

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, values: Any) -> Any:
        return with_preset(values) if isinstance(values, dict) else values

    @model_validator(mode="after")
    def _heads_share_a_token(self) -> TrainConfig:
        if self.d_model % self.num_heads:
            raise ValueError("d_model must be a multiple of num_heads")
        return self
