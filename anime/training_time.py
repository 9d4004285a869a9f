"""How long a training will take, from what images cost when they were measured on one core."""

from __future__ import annotations

from typing import Any

from anime.presets import settings_of
from anime.train_form import RECIPES
from ml_core.anime.generate.presets import estimate_seconds
from ml_core.run.registry import get_recipe

#: Seconds of one image of 96 px in one epoch, forth and back, by network.
PER_IMAGE = {"efficientnet_b0": 0.018, "mobilenet_v2": 0.014}
MEASURED_AT = 96
#: Seconds to read an image and to describe its cells.
READING = 0.02
#: Seconds of the teacher for one image: two networks learn from its answers.
TEACHER = 0.03
#: Start of the process, and what is fitted and judged at the end.
AROUND = 25.0


def training_seconds(kind: str, preset: str, images: int, changes: dict[str, Any]) -> float | None:
    """About how many seconds, for people; None without images."""
    if not images:
        return None
    settings = settings_of(kind, preset, changes)
    config: Any = get_recipe(RECIPES[kind]).config
    defaults = {name: field.default for name, field in config.model_fields.items()}
    try:
        if kind == "generator":
            return estimate_seconds(settings["preset"], settings)
        epochs = int((settings.get("fit") or {}).get("epochs", defaults["fit"].epochs))
        size = int(settings.get("image_size", defaults.get("image_size", MEASURED_AT)))
    except (TypeError, ValueError):
        return None
    network = str(settings.get("architecture", defaults.get("architecture")))
    image = PER_IMAGE.get(network, PER_IMAGE["efficientnet_b0"]) * (size / MEASURED_AT) ** 2
    if kind == "student":
        image = 2 * image + TEACHER
    return AROUND + READING * images + epochs * image * images
