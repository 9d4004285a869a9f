"""Settings of training and using networks that segment. Free of torch: forms are made from them."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from ml_core.data.augment import AugmentOps
from ml_core.engine.config import FitConfig
from ml_core.run.config import RecipeConfig, option
from ml_core.run.machine_options import seed_option
from ml_core.vision.config import INPUT, MODEL, DataConfig, ManyImagesConfig
from ml_core.vision.detection.backbones import BackboneName

DecoderName = Literal["fpn", "unet", "deeplab"]
LossName = Literal["cross_entropy", "dice", "both"]


class SegmentConfig(RecipeConfig):
    """Train a network that tells what each pixel shows."""

    seed: int = seed_option(group="Run")
    data: DataConfig
    decoder: DecoderName = option(
        "fpn",
        description="How feature maps become classes of pixels: a feature pyramid whose maps are added, a U-Net, or "
        "DeepLab v3+ with its wide view.",
        group=MODEL,
    )
    backbone: BackboneName = option(
        "compact", description="Network below the decoder, unless one is drawn. Compact learns from scratch.",
        group=MODEL,
    )  # fmt: skip
    graph: dict[str, Any] | None = option(
        None,
        description="A drawn network: the whole of it where it ends with a map of all classes and the background, else "
        "the backbone, whose feature maps are used.",
        group=MODEL,
        advanced=True,
    )
    pretrained: bool = option(
        True, description="Start the backbone from published weights where there are any and they can be had.",
        group=MODEL,
    )  # fmt: skip
    initial_weights: str | None = option(
        None,
        description="Weight folder to start from: of a segmentation, or of a classifier with the same backbone.",
        group=MODEL,
        advanced=True,
    )
    width: int = option(
        64, description="Channels of the decoder.", group=MODEL, advanced=True, ge=32, le=512, multiple_of=32
    )
    size: int = option(
        320,
        description="Every image is scaled until its longer side has this length, and keeps its form.",
        group=INPUT,
        unit="px",
        ge=64,
        le=2048,
        multiple_of=32,
    )
    loss: LossName = option(
        "both",
        description="What is minimised: cross entropy of pixels, Dice of classes, which weighs small ones as much as "
        "large ones, or the sum of both.",
        group="Optimisation",
    )
    augment: AugmentOps = option(
        [], description="Random changes of the training images; shapes move along.", group="Augmentation"
    )
    fit: FitConfig = FitConfig(epochs=60, batch_size=8, warmup_steps=100, clip_norm=10.0)


class PredictMasksConfig(ManyImagesConfig):
    """Segment many images at once."""

    task: ClassVar[str] = "vision.segment"
