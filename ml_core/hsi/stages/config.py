"""What the settings of the three stages share. Free of torch."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ml_core.hsi.presets import PresetName, StageName, with_preset
from ml_core.run.config import RecipeConfig, option
from ml_core.run.machine_options import checkpoint_every_option, device_option, seed_option, threads_option

DATA, TOKENS, NETWORK, TRAINING = "Scenes", "Tokens", "Network", "Training"
_SEED = 66


class DatasetEntry(BaseModel):
    """A scene with its domain, as the specification lists it."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    name: str = Field("", description="Name for people; that of the file when empty.")
    data_path: str = Field(description="File or scene folder.", min_length=1)
    domain_id: int = Field(0, description="Number of the sensor or scene.", ge=0, le=65_535)


class StageConfig(RecipeConfig):
    """What all stages share. ``preset`` fills whatever was not set."""

    preset: PresetName = option(
        "cpu",
        description="Values of everything that is not set: for a processor, for a GPU, or those of the specification.",
        group=DATA,
    )
    scenes: list[str] = option(
        [], description="Scene folders or files, or folders of them. Masks are not looked at.", group=DATA,
        may_change=True,
    )  # fmt: skip
    pretrain_datasets: list[DatasetEntry] = option(
        [],
        description="Scenes with the number of their domain: name, data_path, domain_id.",
        group=DATA,
        advanced=True,
        may_change=True,
    )
    seed: int = seed_option(_SEED)
    device: str = device_option()
    threads: int | None = threads_option()
    checkpoint_every_s: float = checkpoint_every_option()

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return with_preset(cls.stage_name(), values, frozenset(cls.model_fields))

    @model_validator(mode="after")
    def _has_scenes(self) -> StageConfig:
        if not self.scenes and not self.pretrain_datasets:
            raise ValueError("give at least one scene in scenes or pretrain_datasets")
        return self

    @classmethod
    def stage_name(cls) -> StageName:
        """Name of the stage, under which its presets stand."""
        raise NotImplementedError
