"""Settings of training and using detectors. Free of torch: forms are made from them."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from ml_core.data.augment import AugmentOps
from ml_core.engine.config import FitConfig
from ml_core.run.config import RecipeConfig, option
from ml_core.run.machine_options import seed_option
from ml_core.vision.config import DATA, INPUT, MODEL, DataConfig, ManyImagesConfig
from ml_core.vision.detection.backbones import BackboneName

DetectorName = Literal["fcos", "retinanet", "ssd", "ssdlite", "fasterrcnn"]


#: Boxes below this are never wanted, whatever threshold is chosen afterwards.
LEAST_KEPT = 0.05


class DetectConfig(RecipeConfig):
    """Train an object detector."""

    seed: int = seed_option(group="Run")
    data: DataConfig
    detector: DetectorName = option(
        "fcos",
        description="How boxes are found: FCOS without anchors, RetinaNet, SSD and SSDLite with anchors in one stage, "
        "Faster R-CNN in two.",
        group=MODEL,
    )
    backbone: BackboneName = option(
        "compact", description="Network below the detector, unless one is drawn. Compact learns from scratch.",
        group=MODEL,
    )  # fmt: skip
    graph: dict[str, Any] | None = option(
        None,
        description="A detector drawn whole, or a drawn network as the backbone: its feature maps at strides 8, 16 and "
        "32 are used.",
        group=MODEL,
        advanced=True,
    )
    pretrained: bool = option(
        True, description="Start the backbone from published weights where there are any and they can be had.",
        group=MODEL,
    )  # fmt: skip
    initial_weights: str | None = option(
        None,
        description="Weight folder to start from: of a detector, or of a classifier with the same backbone.",
        group=MODEL,
        advanced=True,
    )
    width: int = option(
        64, description="Channels of the feature pyramid and the head.", group=MODEL, advanced=True, ge=32, le=512,
        multiple_of=32,
    )  # fmt: skip
    size: int = option(
        320,
        description="Every image is scaled until its longer side has this length, and keeps its form.",
        group=INPUT,
        unit="px",
        ge=64,
        le=2048,
        multiple_of=32,
    )
    nms: float = option(
        0.5,
        description="Of two boxes of a class that overlap more than this, the less probable one goes.",
        group=MODEL,
        advanced=True,
        gt=0,
        lt=1,
    )
    augment: AugmentOps = option(
        [], description="Random changes of the training images; boxes move along.", group="Augmentation"
    )
    mosaic: float = option(
        0.0,
        description="Share of the training images that are put together from parts of four.",
        group="Augmentation",
        ge=0,
        le=1,
    )
    fit: FitConfig = FitConfig(epochs=60, batch_size=8, warmup_steps=100, clip_norm=10.0)


class PredictBoxesConfig(ManyImagesConfig):
    """Find objects in many images at once."""

    task: ClassVar[str] = "vision.detect"

    threshold: float | None = option(
        None,
        description="Leave out less probable boxes. Empty keeps those from 5 % on, for a choice afterwards, and counts "
        "from the one on that served best in validation.",
        group=DATA,
        ge=0,
        le=1,
    )

    def cut(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The boxes that are probable enough to be looked at."""
        least = min(LEAST_KEPT, answer["threshold"]) if self.threshold is None else self.threshold
        boxes = [box for box in answer["boxes"] if box["probability"] >= least]
        return {"boxes": boxes, "width": answer["width"], "height": answer["height"]}
