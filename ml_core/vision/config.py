"""Settings of the recipes for images, free of torch: forms are made from them."""

from __future__ import annotations

from typing import Any, ClassVar, Self

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
    """Which images a weight answers about: a data set version, a folder, names of files in it, or an archive.

    Folders and archives may hold videos, whose frames are images.
    """

    task: ClassVar[str]
    """Of the weights that are taken."""

    weight: str = option(description="Weight folder.", group=MODEL, min_length=1, may_change=True)
    root: str = option(
        "", description="Folder of the images. Empty when an archive brings them.", group=DATA, may_change=True
    )
    archive: str | None = option(
        None,
        description="Zip archive of images and videos, or one video. It is put into the run's folder.",
        group=DATA,
        may_change=True,
    )
    archive_name: str = option(
        "video.mp4",
        description="What the video is called when the archive is one.",
        group=DATA,
        advanced=True,
        max_length=200,
        pattern=r"^[^./\\\x00-\x1f][^/\\\x00-\x1f]*$",
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
    every_nth: int = option(1, description="Of a video, every n-th frame.", group=DATA, unit="frames", ge=1, le=10_000)
    most_frames: int = option(
        20_000, description="Frames of one video at most.", group=DATA, unit="frames", ge=1, le=1_000_000, advanced=True
    )
    batch_size: int = option(
        16, description="Images that are computed together.", group=MACHINE, unit="images", ge=1, le=4096, advanced=True
    )
    device: str = device_option()
    threads: int | None = threads_option()

    def cut(self, answer: dict[str, Any]) -> dict[str, Any]:
        """What is kept of a predictor's answer."""
        return answer

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

    task: ClassVar[str] = "vision.classify"

    top_k: int = option(5, description="How many classes to tell for each image.", group=DATA, ge=1, le=100)

    def cut(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The most probable classes."""
        return {"top": answer["top"][: self.top_k]}
