"""Settings of ``stellar.predict``. Free of torch."""

from __future__ import annotations

from typing import Literal

from ml_core.run.config import RecipeConfig, option
from ml_core.run.machine_options import device_option, threads_option

DATA, MODEL, MACHINE = "Stars", "Model", "Machine"


class PredictConfig(RecipeConfig):
    """Classify the stars of a survey."""

    survey: str = option(description="Folder of the survey.", group=DATA, min_length=1, may_change=True)
    weights: str = option(
        description="Weight folder of a star classifier, or the run that made it.",
        group=MODEL,
        min_length=1,
        may_change=True,
    )
    modality: Literal["any", "both", "spectrum", "image"] = option(
        "any",
        description="Whatever a star has, only stars with spectrum and image, or one of them alone: then nothing "
        "else of the star is looked at.",
        group=DATA,
    )
    names: list[str] = option(
        [],
        description="Only these stars are classified. Empty takes all.",
        group=DATA,
        advanced=True,
        max_length=100_000,
    )
    names_file: str = option(
        "",
        description="The same as a text file with one name a line, where they are many.",
        group=DATA,
        advanced=True,
        may_change=True,
    )
    embedding_map: Literal["pca", "tsne", "auto"] = option(
        "pca",
        description="How the map of the stars is made: principal components, t-SNE (slow), or whichever suits their "
        "number.",
        group=MODEL,
        advanced=True,
    )
    cache: str = option(
        "",
        description="Folder for the stars as arrays, shared by runs. Empty keeps them in the run while it lasts.",
        group=MACHINE,
        advanced=True,
        may_change=True,
    )
    batch_size: int = option(
        256,
        description="Stars that are computed together.",
        group=MACHINE,
        unit="stars",
        advanced=True,
        ge=1,
        le=65_536,
        may_change=True,
    )
    device: str = device_option()
    threads: int | None = threads_option()
