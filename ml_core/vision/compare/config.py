"""Settings of ``vision.compare`` and what its pages need to know. Free of torch."""

from __future__ import annotations

from typing import Literal

from ml_core.run.config import RecipeConfig, option
from ml_core.run.machine_options import device_option, threads_option

WEIGHTS, DATA, MACHINE = "Weights", "Data", "Machine"

#: What a comparison leaves among the artifacts.
COMPARISON_FILE = "comparison.json"
#: Task of weights that can be compared: labels that their data set has.
TASKS = {"vision.classify": "classify", "vision.detect": "detect"}


class CompareConfig(RecipeConfig):
    """Which two weights, on which images."""

    first: str = option(description="Weight folder of a classifier or a detector.", group=WEIGHTS, min_length=1,
                        may_change=True)  # fmt: skip
    second: str = option(description="Weight folder of another one of the same kind.", group=WEIGHTS, min_length=1,
                         may_change=True)  # fmt: skip
    version: str = option(description="Folder of the data set version.", group=DATA, min_length=1, may_change=True)
    root: str = option(description="Folder that holds its images.", group=DATA, min_length=1, may_change=True)
    split: Literal["train", "val", "test"] = option("test", description="Which images: train, val or test.", group=DATA)
    batch_size: int = option(
        16, description="Images that are computed together.", group=MACHINE, unit="images", ge=1, le=4096, advanced=True
    )
    device: str = device_option()
    threads: int | None = threads_option()
