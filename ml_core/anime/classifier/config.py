"""Settings of ``anime.classifier``. Free of torch: forms and API checks are made from them."""

from __future__ import annotations

from copy import copy
from typing import Any, Literal

from ml_core.engine.config import FitConfig
from ml_core.run.config import RecipeConfig, option
from ml_core.run.machine_options import seed_option

DATA, MODEL, OPTIMISATION, AUGMENTATION = "Data", "Model", "Optimisation", "Augmentation"


def usually(name: str, default: Any) -> Any:
    """A setting of the fit loop with another default."""
    field = copy(FitConfig.model_fields[name])
    field.default = default
    return field


class NetworkFitConfig(FitConfig):
    """Settings of the fit loop, with what a network from scratch needs on a few hundred images (docs/anime.md)."""

    epochs: int = usually("epochs", 60)
    learning_rate: float = usually("learning_rate", 2e-3)
    weight_decay: float = usually("weight_decay", 0.05)
    warmup_steps: int = usually("warmup_steps", 32)
    clip_norm: float | None = usually("clip_norm", 2.0)
    ema_decay: float | None = usually("ema_decay", 0.99)


class ClassifierConfig(RecipeConfig):
    """Train a recogniser of anime characters."""

    known: str = option(
        description="Folder with one folder of images for each character.", group=DATA, min_length=1, may_change=True
    )
    sources: str = option(
        "",
        description="JSON list of paths with their sources, for scores by source. Empty looks for a manifest.json.",
        group=DATA,
        advanced=True,
        may_change=True,
    )
    fit_image: Literal["crop", "pad", "stretch"] = option(
        "crop",
        description="How an image becomes a square: cut the long side, fill up the short one, or stretch.",
        group=DATA,
    )
    validation: float = option(
        0.15,
        description="Share of each character's images that is kept to judge by. Copies stay together.",
        group=DATA,
        ge=0,
        le=0.5,
    )
    architecture: Literal["efficientnet_b0", "mobilenet_v2"] = option(
        "efficientnet_b0", description="The network beside the descriptions of colour and texture.", group=MODEL
    )
    pretrained: str = option(
        "auto",
        description="First weights: auto, scratch, a name of torchvision such as IMAGENET1K_V1, or the path of a file.",
        group=MODEL,
        min_length=1,
        max_length=1000,
    )
    image_size: int = option(96, description="Side of the network's input.", group=MODEL, unit="px", ge=32, le=512)
    label_smoothing: float = option(
        0.1,
        description="Share of certainty that is taken from the true class and spread over all.",
        group=OPTIMISATION,
        advanced=True,
        ge=0,
        lt=1,
    )
    mixing: float = option(
        0.5,
        description="Share of batches that are mixed with themselves (mixup and CutMix).",
        group=AUGMENTATION,
        advanced=True,
        ge=0,
        le=1,
    )
    least_area: float = option(
        0.4,
        description="Smallest share of an image that a random crop shows.",
        group=AUGMENTATION,
        advanced=True,
        gt=0,
        le=1,
    )
    rotation: float = option(
        15.0,
        description="Half of the views are turned by up to this angle.",
        group=AUGMENTATION,
        unit="°",
        advanced=True,
        ge=0,
        le=180,
    )
    colour: float = option(
        0.15,
        description="Random change of brightness, contrast and saturation. The hue stays, for it tells characters "
        "apart.",
        group=AUGMENTATION,
        advanced=True,
        ge=0,
        le=0.5,
    )
    seed: int = seed_option(group="Run")
    fit: NetworkFitConfig = NetworkFitConfig()
