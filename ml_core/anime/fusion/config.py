"""Settings of ``anime.fusion``. Free of torch: forms and API checks are made from them."""

from __future__ import annotations

from typing import Any

from ml_core.anime.classifier.config import DATA, MODEL, OPTIMISATION, usually
from ml_core.engine.config import FitConfig
from ml_core.run.config import RecipeConfig, option
from ml_core.run.machine_options import seed_option


class TextFitConfig(FitConfig):
    """Settings of the fit loop, with what a small text encoder needs on a few dozen texts."""

    epochs: int = usually("epochs", 30)
    learning_rate: float = usually("learning_rate", 3e-3)
    warmup_steps: int = usually("warmup_steps", 32)
    clip_norm: float | None = usually("clip_norm", 1.0)


class FusionConfig(RecipeConfig):
    """Learn what texts say about characters, and how far to believe them beside an image."""

    known: str = option(
        description="Folder with one folder of images for each character.", group=DATA, min_length=1, may_change=True
    )
    captions: str = option(
        "",
        description="JSON file of texts about the characters. Empty looks for a captions.json in the folder of the "
        "characters and beside it.",
        group=DATA,
        may_change=True,
    )
    test: str = option(
        "",
        description="Folder of other images of the same characters, to judge by. Empty judges by images held out.",
        group=DATA,
        may_change=True,
    )
    recogniser: str = option(
        "",
        description="Weight folder, or run, of a trained recogniser for the images. Empty trains one first.",
        group=MODEL,
        may_change=True,
    )
    classifier: dict[str, Any] = option(
        {},
        description="Settings of anime.classifier that differ from its own, where a recogniser is trained first.",
        group=MODEL,
        advanced=True,
    )
    text_model: str = option(
        "auto",
        description="What reads the texts: auto (a BERT that lies on this machine, else scratch), scratch (a small "
        "encoder), the name of a BERT, or its folder.",
        group=MODEL,
        min_length=1,
        max_length=1000,
    )
    freeze_text_model: bool = option(
        True, description="Keep a BERT as it is and learn only what reads its features.", group=MODEL, advanced=True
    )
    wrong_share: float = option(
        0.5,
        description="How often a text is expected to be about somebody else. More trusts the image more.",
        group=OPTIMISATION,
        ge=0.01,
        le=0.9,
    )
    validation: float = option(
        0.25,
        description="Share of each character's images that is kept to judge by. Copies stay together.",
        group=DATA,
        ge=0.05,
        le=0.5,
    )
    seed: int = seed_option(group="Run")
    fit: TextFitConfig = TextFitConfig()
