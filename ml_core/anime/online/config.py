"""Settings of ``anime.enrol``. Free of torch: forms and API checks are made from them."""

from __future__ import annotations

from pydantic import model_validator

from ml_core.run.config import RecipeConfig, option
from ml_core.run.machine_options import threads_option

CHARACTER, MODEL = "Character", "Model"


class EnrolConfig(RecipeConfig):
    """Add a character to a trained recogniser, or take one away, without training again."""

    recogniser: str = option(
        description="Weight folder, or run, of a trained recogniser.", group=MODEL, min_length=1, may_change=True
    )
    name: str = option(
        "",
        description="Name of the character. A known name gets more images.",
        group=CHARACTER,
        max_length=200,
    )
    images: str = option("", description="Folder of the character's images.", group=CHARACTER, may_change=True)
    remove: str = option("", description="Name of a character that is to be forgotten.", group=CHARACTER)
    threads: int | None = threads_option()

    @model_validator(mode="after")
    def _says_what_to_do(self) -> EnrolConfig:
        if bool(self.remove) == bool(self.name or self.images):
            raise ValueError("give either name and images, or remove")
        if bool(self.name) != bool(self.images):
            raise ValueError("name and images belong together")
        return self
