"""Settings of ``vision.export``. Free of torch."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from ml_core.run.config import RecipeConfig, option
from ml_core.run.machine_options import threads_option

FormatName = Literal["onnx", "torch_export"]
WEIGHT, PROOF = "Weight", "Proof"


class ExportConfig(RecipeConfig):
    """What to write, and on which images to compare."""

    weight: str = option(
        description="Weight folder of a classifier or a detector.", group=WEIGHT, min_length=1, may_change=True
    )
    formats: list[FormatName] = option(
        ["onnx", "torch_export"], description="Formats to write: onnx, torch_export.", group=WEIGHT, min_length=1
    )
    version: str | None = option(
        None,
        description="Folder of a data set version whose images the formats are compared on. Empty takes noise.",
        group=PROOF,
        may_change=True,
    )
    root: str | None = option(None, description="Folder that holds its images.", group=PROOF, may_change=True)
    images: int = option(
        32, description="How many images are compared.", group=PROOF, unit="images", ge=1, le=1000
    )  # fmt: skip
    threads: int | None = threads_option()

    @field_validator("formats")
    @classmethod
    def _once(cls, formats: list[FormatName]) -> list[FormatName]:
        return list(dict.fromkeys(formats))
