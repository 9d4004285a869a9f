"""Settings of pictures with answers drawn in. Free of torch: forms are made from them."""

from __future__ import annotations

from ml_core.run.config import RecipeConfig, option
from ml_core.vision.config import DATA


class DrawConfig(RecipeConfig):
    """Draw the answers of a batch into its images and videos."""

    answers: str = option(description="The predictions.json of a batch.", group=DATA, min_length=1, may_change=True)
    root: str = option(description="Folder of the images.", group=DATA, min_length=1, may_change=True)
    threshold: float = option(0.0, description="Leave out less probable objects.", group=DATA, ge=0, le=1)
    classes: list[str] | None = option(None, description="Only objects of these classes. Empty draws all.", group=DATA)
