"""Settings of the recipes for images, free of torch: forms are made from them."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator

from ml_core.data.augment import AugmentOps
from ml_core.engine.config import FitConfig
from ml_core.run.config import RecipeConfig, option
from ml_core.run.machine_options import device_option, seed_option, threads_option

DATA, INPUT, MODEL, MACHINE = "Data", "Input", "Model", "Machine"


class DataConfig(BaseModel):
    """Which images to learn from."""

    model_config = ConfigDict(extra="forbid")

    version: str = option(description="Folder of the data set version.", group=DATA, min_length=1, may_change=True)
    root: str = option(description="Folder of the images.", group=DATA, min_length=1, may_change=True)
    cache_mib: int = option(
        1024,
        description="Keep decoded images in memory when all of them fit into this. Zero means never.",
        group=MACHINE,
        unit="MiB",
        advanced=True,
        ge=0,
        le=1_048_576,
        may_change=True,
    )


class InputConfig(BaseModel):
    """How an image becomes the input of the network, whose size the graph tells."""

    model_config = ConfigDict(extra="forbid")

    resize: int | None = option(
        None,
        description="Scale the shorter side to this, then cut the centre out. Empty stretches the whole image.",
        group=INPUT,
        unit="px",
        advanced=True,
        ge=1,
        le=8192,
    )
    mean: list[float] | None = option(
        None,
        description="Subtracted from each channel (0 to 1). Empty is ImageNet's for colour, 0.5 for grey.",
        group=INPUT,
        advanced=True,
        min_length=1,
        max_length=3,
    )
    std: list[float] | None = option(
        None,
        description="Each channel is divided by this. Empty is ImageNet's for colour, 0.5 for grey.",
        group=INPUT,
        advanced=True,
        min_length=1,
        max_length=3,
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> InputConfig:
        if (self.mean is None) != (self.std is None) or len(self.mean or []) != len(self.std or []):
            raise ValueError("give mean and std for the same channels, or neither")
        if any(value <= 0 for value in self.std or []):
            raise ValueError("std must be greater than 0")
        return self


class ClassifyConfig(RecipeConfig):
    """Train a classifier of images."""

    seed: int = seed_option(group="Run")
    data: DataConfig
    graph: dict[str, Any] = option(description="The architecture, as a graph document.", group=MODEL)
    initial_weights: str | None = option(
        None,
        description="Weight folder to start from. Layers that do not fit, such as the last one, start at random.",
        group=MODEL,
        advanced=True,
    )
    input: InputConfig = InputConfig()
    augment: AugmentOps = option([], description="Random changes of the training images.", group="Augmentation")
    label_smoothing: float = option(
        0.0,
        description="Share of certainty that is taken from the true class and spread over all.",
        group="Optimisation",
        advanced=True,
        ge=0,
        lt=1,
    )
    fit: FitConfig = FitConfig()


class ManyImagesConfig(RecipeConfig):
    """Which images a weight answers about: a data set version, a folder, names of files in it, or an archive."""

    weight: str = option(description="Weight folder.", group=MODEL, min_length=1, may_change=True)
    root: str = option(
        "", description="Folder of the images. Empty when an archive brings them.", group=DATA, may_change=True
    )
    archive: str | None = option(
        None, description="Zip archive of images, unpacked for the time of the run.", group=DATA, may_change=True
    )
    version: str | None = option(
        None, description="Folder of a data set version whose images are predicted.", group=DATA, may_change=True
    )
    split: str | None = option(
        None,
        description="Only this split of the version: train, val or test.",
        group=DATA,
        pattern="^(train|val|test)$",
    )
    files: list[str] | None = option(
        None, description="Only these files, relative to the folder. Empty takes every image in it.", group=DATA
    )
    device: str = device_option()
    threads: int | None = threads_option()

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.root) == (self.archive is not None):
            raise ValueError("give either a root or an archive")
        if sum(choice is not None for choice in (self.version, self.files, self.archive)) > 1:
            raise ValueError("give only one of version, files and archive")
        if self.split is not None and self.version is None:
            raise ValueError("a split needs a version")
        return self


class PredictConfig(ManyImagesConfig):
    """Predict many images at once."""

    top_k: int = option(5, description="How many classes to tell for each image.", group=DATA, ge=1, le=100)
    batch_size: int = option(
        32, description="Images that are computed together.", group=MACHINE, unit="images", ge=1, le=4096, advanced=True
    )
