"""Settings of ``stellar.benchmark``. Free of torch."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import field_validator, model_validator

from ml_core.run.config import RecipeConfig, option
from ml_core.run.machine_options import device_option, threads_option

STARS, METHODS, TRAINING, MACHINE = "Stars", "Methods", "Training", "Machine"

MethodName = Literal["fusion", "fusion_plain", "chi2", "random_forest", "colours"]
SplitName = Literal["given", "family", "cluster"]


class BenchmarkConfig(RecipeConfig):
    """Compare classifiers on stars that none of them has learnt from."""

    train: str = option(description="Folder of the survey to learn from.", group=STARS, min_length=1, may_change=True)
    test: str = option(
        "",
        description="Folder of the survey to score on. Not looked at when families or clusters are left out.",
        group=STARS,
        may_change=True,
    )
    split: SplitName = option(
        "given",
        description="Which stars are scored: those of the test survey, or those of the training survey, one family or "
        "one cluster of alike spectra after the other, each left out of what is learnt.",
        group=STARS,
    )
    family_columns: list[str] = option(
        ["family"],
        description="Columns of the catalogue, or of families.csv or truth.csv beside it, that make a family.",
        group=STARS,
        min_length=1,
        max_length=5,
    )
    clusters: int = option(4, description="Clusters that are left out in turn.", group=STARS, ge=2, le=50)
    modality: Literal["both", "spectrum", "image", "any"] = option(
        "both", description="What a star must have to be learnt from and scored.", group=STARS
    )
    real: list[str] = option(
        [],
        description="Folders of spectra whose own SUBCLASS tells what they are. The recommended classifier is tried on "
        "each; what is no M0-M4 star shall not be called one.",
        group=STARS,
        may_change=True,
    )
    methods: list[MethodName] = option(
        list(get_args(MethodName)),
        description="What to compare. fusion is the recommended classifier, also with spectrum or image alone; "
        "fusion_plain the specification's network; the others are baselines.",
        group=METHODS,
        min_length=1,
        max_length=20,
    )
    seeds: int = option(
        3, description="How often everything is trained again with other random draws.", group=TRAINING, ge=1, le=100
    )
    recommended: dict[str, Any] = option(
        {}, description="Settings of stellar.train for fusion that differ from its preset.", group=TRAINING,
        advanced=True,
    )  # fmt: skip
    plain: dict[str, Any] = option(
        {}, description="Settings of stellar.train for fusion_plain that differ from its preset.", group=TRAINING,
        advanced=True,
    )  # fmt: skip
    cache: str = option(
        "",
        description="Folder for the stars as arrays, shared by runs. Empty keeps them in the run while it lasts.",
        group=MACHINE,
        advanced=True,
        may_change=True,
    )
    seed: int = option(0, description="Seed of the first repetition.", group=MACHINE, ge=0, le=2**53 - 1)
    device: str = device_option()
    threads: int | None = threads_option()

    @field_validator("real", mode="before")
    @classmethod
    def _one_folder(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) and value else value or []

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> BenchmarkConfig:
        if self.split == "given" and not self.test:
            raise ValueError("give a survey to test on, or leave families or clusters of the training survey out")
        if self.real and "fusion" not in self.methods:
            raise ValueError("real spectra are shown to the recommended classifier: add fusion to the methods")
        if self.split == "cluster" and self.modality not in ("both", "spectrum"):
            raise ValueError("clusters are made of spectra: choose the modality both or spectrum")
        return self
