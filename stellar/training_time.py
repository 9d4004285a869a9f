"""How long a training will take, from what updates of each network took when they were measured on two cores."""

from __future__ import annotations

import math
from typing import Any

from ml_core.stellar.presets import PRESETS

#: Seconds of one star in one update, by what is trained.
PER_STAR = {
    "recommended": 3.0e-4, "small": 6e-3, "resnet18": 3.5e-2, "resnet34": 6e-2, "resnet50": 9e-2, "resnet101": 0.15,
    "resnet152": 0.22,
}  # fmt: skip
#: Seconds to read a star's files and to look at it once after each epoch.
READING = 8e-3
LOOKING = 0.25
#: Start of the process, and what is fitted and drawn at the end.
AROUND = 20.0


def training_seconds(preset: str, stars: int, settings: dict[str, Any]) -> float | None:
    """About how many seconds, for people; None without stars."""
    if not stars:
        return None
    values = {**PRESETS[preset], **settings}  # type: ignore[index]  # the caller has checked it
    try:
        validation = float(values.get("validation", 0.2))
        batch, epochs = max(2, int(values["batch_size"])), int(values["epochs"])
        steps = max(int(values.get("steps_per_epoch", 0)), math.ceil(stars * (1 - validation) / batch))
    except (TypeError, ValueError):
        return None
    kind = "recommended" if values["model"] == "recommended" else str(values.get("backbone", "small"))
    star = PER_STAR.get(kind, PER_STAR["small"])
    return AROUND + READING * stars + epochs * star * (steps * batch + LOOKING * validation * stars)
