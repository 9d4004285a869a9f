"""Settings of ``anime.benchmark``. Free of torch: forms and API checks are made from them."""

from __future__ import annotations

from typing import Any, Literal, get_args

from ml_core.run.config import RecipeConfig, option
from ml_core.run.machine_options import device_option, threads_option

DATA, MEASURING, TRAINING, MACHINE = "Data", "Measuring", "Training", "Machine"

Part = Literal["students", "enrol", "fusion"]


class BenchmarkConfig(RecipeConfig):
    """Measure everything that is promised about characters, with several seeds."""

    known: str = option(
        description="Folder with one folder of images for each character, to learn from.",
        group=DATA,
        min_length=1,
        may_change=True,
    )
    test: str = option(
        "",
        description="Folder of other images of the same characters, to judge by. Empty holds a quarter of the images "
        "out, another one for each seed; copies stay together.",
        group=DATA,
        may_change=True,
    )
    new: str = option(
        "",
        description="Folder of characters that are not known, to add. Empty leaves some of the known ones out and "
        "trains another recogniser without them.",
        group=DATA,
        may_change=True,
    )
    captions: str = option(
        "",
        description="JSON file of texts about the characters. Empty looks for a captions.json in the folder of the "
        "characters and beside it.",
        group=DATA,
        may_change=True,
    )
    parts: list[Part] = option(
        list(get_args(Part)),
        description="What is measured beside the recogniser: students, characters that are added, texts.",
        group=MEASURING,
        max_length=3,
    )
    left_out: int = option(
        4,
        description="Characters that are left out where no new ones are given. 0 adds none.",
        group=MEASURING,
        ge=0,
        le=1000,
    )
    draws: int = option(
        5, description="How often the images to add a character with are drawn.", group=MEASURING, ge=1, le=100
    )
    seeds: int = option(
        3, description="How often everything is trained again with other random draws.", group=TRAINING, ge=1, le=100
    )
    classifier: dict[str, Any] = option(
        {}, description="Settings of anime.classifier that differ from its own.", group=TRAINING, advanced=True
    )
    distill: dict[str, Any] = option(
        {}, description="Settings of anime.distill that differ from its own.", group=TRAINING, advanced=True
    )
    fusion: dict[str, Any] = option(
        {}, description="Settings of anime.fusion that differ from its own.", group=TRAINING, advanced=True
    )
    seed: int = option(0, description="Seed of the first repetition.", group=MACHINE, ge=0, le=2**53 - 1)
    device: str = device_option()
    threads: int | None = threads_option()
