"""Settings of ``anime.distill``. Free of torch: forms and API checks are made from them."""

from __future__ import annotations

from typing import Literal

from ml_core.anime.classifier.config import DATA, MODEL, OPTIMISATION, NetworkFitConfig, usually
from ml_core.run.config import RecipeConfig, option
from ml_core.run.machine_options import seed_option


class StudentFitConfig(NetworkFitConfig):
    """A student is patient: it has less to see with."""

    epochs: int = usually("epochs", 120)


class DistillConfig(RecipeConfig):
    """Teach a small network what a recogniser knows."""

    known: str = option(
        description="Folder with one folder of images for each character.", group=DATA, min_length=1, may_change=True
    )
    test: str = option(
        "",
        description="Folder of other images of the same characters, to judge teacher and students by. Empty judges the "
        "students by images held out, and the teacher by what its training found.",
        group=DATA,
        may_change=True,
    )
    teacher: str = option(
        description="Weight folder, or run, of a trained recogniser.", group=MODEL, min_length=1, may_change=True
    )
    architecture: Literal["mobilenet_v2", "efficientnet_b0"] = option(
        "mobilenet_v2", description="The network of the student.", group=MODEL
    )
    pretrained: str = option(
        "auto",
        description="First weights: auto, scratch, a name of torchvision such as IMAGENET1K_V1, or the path of a file.",
        group=MODEL,
        min_length=1,
        max_length=1000,
    )
    coarser: int = option(
        2,
        description="The student takes the teacher's codebooks along and looks at so many times fewer rows and columns "
        "of places. 0 leaves it its network alone.",
        group=MODEL,
        ge=0,
        le=8,
    )
    image_size: int = option(96, description="Side of the network's input.", group=MODEL, unit="px", ge=32, le=512)
    validation: float = option(
        0.1,
        description="Share of each character's images that is kept to judge by. Copies stay together.",
        group=DATA,
        ge=0.05,
        le=0.5,
    )
    temperature: float = option(
        1.0, description="How soft the teacher's answers are made.", group=OPTIMISATION, ge=1, le=20
    )
    hard_share: float = option(
        0.2, description="Share of the loss that goes by the labels themselves.", group=OPTIMISATION, ge=0, le=1
    )
    description_weight: float = option(
        4.0,
        description="Weight of the teacher's descriptions of what it is shown, beside its answers.",
        group=OPTIMISATION,
        ge=0,
        le=100,
    )
    views: int = option(
        24,
        description="Different views of each image that the teacher is asked about. Then the first comes again.",
        group=OPTIMISATION,
        advanced=True,
        ge=1,
        le=1000,
    )
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
        group=OPTIMISATION,
        advanced=True,
        ge=0,
        le=1,
    )
    seed: int = seed_option(group="Run")
    fit: StudentFitConfig = StudentFitConfig()
