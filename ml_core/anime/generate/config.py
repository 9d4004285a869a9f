"""Settings of ``anime.generator``. Free of torch: forms and API checks are made from them."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

from ml_core.anime.classifier.config import DATA, MODEL, OPTIMISATION
from ml_core.anime.generate.presets import PRESETS, PresetName, with_preset
from ml_core.engine.config import FitConfig
from ml_core.run.config import RecipeConfig, option
from ml_core.run.machine_options import checkpoint_every_option, device_option, seed_option, threads_option

LOSS = "Loss"
_CPU = PRESETS["cpu_64"]


class GeneratorConfig(RecipeConfig):
    """Teach a generator to draw one character of a collection."""

    known: str = option(
        description="Folder with one folder of images for each character.", group=DATA, min_length=1, may_change=True
    )
    recogniser: str = option(
        description="Weight folder, or run, of a recogniser of these characters. Its network guides the generator, "
        "its colours and textures judge it.",
        group=MODEL,
        min_length=1,
        may_change=True,
    )
    target_class: str = option(
        description="The character to draw: its name, or its number in the recogniser.", group=DATA, min_length=1
    )
    preset: PresetName = option(
        "cpu_64", description="Size and networks: 64 pixels for a processor, more for a GPU.", group=MODEL
    )
    size: int = option(
        _CPU["size"],
        description="Side of the images: 4, 5, 6 or 7 times a power of two.",
        group=MODEL,
        unit="px",
        ge=16,
        le=512,
        advanced=True,
    )
    channels: list[int] = option(
        list(_CPU["channels"]),
        description="Channels of both networks, from the coarsest maps to the finest.",
        group=MODEL,
        advanced=True,
        min_length=2,
        max_length=10,
    )
    features: str = option(
        "auto",
        description="Features of the perceptual loss: auto, recogniser, a name of torchvision for VGG16 such as "
        "IMAGENET1K_V1, or the path of a file. Automatic takes VGG16 if its weights lie on this machine, else the "
        "network of the recogniser.",
        group=LOSS,
        min_length=1,
        max_length=1000,
    )
    num_epochs: int = option(
        _CPU["num_epochs"],
        description="Epochs. Each ends with a look at samples.",
        group=OPTIMISATION,
        ge=1,
        le=100_000,
    )
    epoch_steps: int = option(
        _CPU["epoch_steps"],
        description="Steps of an epoch.",
        group=OPTIMISATION,
        unit="steps",
        ge=1,
        le=10_000,
        advanced=True,
    )
    batch_size: int = option(
        _CPU["batch_size"], description="Images of a step.", group=OPTIMISATION, unit="images", ge=2, le=1024
    )
    learning_rate: float = option(1e-3, description="Of both networks.", group=OPTIMISATION, gt=0, le=1, advanced=True)
    repaint_share: float = option(
        0.6,
        description="Share of the training, at its beginning, that only learns to repaint the training images.",
        group=OPTIMISATION,
        ge=0,
        le=1,
        advanced=True,
    )
    adversarial_weight: float = option(
        0.1, description="Weight of what the discriminator says about new images.", group=LOSS, ge=0, le=1000
    )
    class_weight: float = option(
        0.2, description="Weight of what the recogniser's network says about new images.", group=LOSS, ge=0, le=1000
    )
    perceptual_weight: float = option(
        10.0, description="Weight of the likeness of repainted images to their originals.", group=LOSS, ge=0, le=1000
    )
    flips: bool = option(True, description="Learn mirror images as well.", group=DATA)
    sample_every: int = option(
        2,
        description="Epochs between two sheets of samples.",
        group="Run",
        unit="epochs",
        ge=1,
        le=100_000,
        advanced=True,
    )
    samples: int = option(
        64,
        description="Samples that are judged after each epoch. The report at the end is about twice as many others.",
        group="Run",
        unit="images",
        ge=8,
        le=1024,
        advanced=True,
    )
    seed: int = seed_option(group="Run")
    device: str = device_option()
    threads: int | None = threads_option()
    checkpoint_every_s: float = checkpoint_every_option()

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: Any) -> Any:
        return with_preset(values) if isinstance(values, dict) else values

    @model_validator(mode="after")
    def _size_can_be_doubled_to(self) -> GeneratorConfig:
        odd = self.size
        while odd % 2 == 0:
            odd //= 2
        if odd not in (1, 3, 5, 7):
            raise ValueError("size must be 4, 5, 6 or 7 times a power of two, such as 64, 96, 128, 160, 224 or 256")
        return self

    @property
    def fit(self) -> FitConfig:
        """The settings of the fit loop that follow."""
        return FitConfig(
            epochs=self.num_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            optimizer="adam",
            weight_decay=0.0,
            momentum=0.5,
            ema_decay=0.995,
            precision="fp32",
            schedule="constant",
            monitor_mode="min",
            checkpoint_every_s=self.checkpoint_every_s,
            device=self.device,
            threads=self.threads,
            log_every_steps=10,
        )
