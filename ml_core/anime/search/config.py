"""Settings of ``anime.index``. Free of torch: forms and API checks are made from them."""

from __future__ import annotations

from ml_core.run.config import RecipeConfig, option
from ml_core.run.machine_options import threads_option

DATA, MODEL = "Data", "Model"


class IndexConfig(RecipeConfig):
    """Make a collection searchable by image and by words."""

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
    model: str = option(
        description="Weight folder, or run, of a recogniser, or of texts learnt with one.",
        group=MODEL,
        min_length=1,
        may_change=True,
    )
    threads: int | None = threads_option()
