"""Words for what recipes name by identifiers (metrics, units, stages), and for how long ago something was."""

from __future__ import annotations

import re
from typing import Any

from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext, gettext_lazy

_METRICS = {
    "loss": gettext_lazy("Loss"),
    "accuracy": gettext_lazy("Accuracy"),
    "top5_accuracy": gettext_lazy("Top-5 accuracy"),
    "macro_f1": gettext_lazy("Macro F1"),
    "map": gettext_lazy("mAP@[.5:.95]"),
    "map50": gettext_lazy("mAP50"),
    "miou": gettext_lazy("Mean IoU"),
    "pixel_accuracy": gettext_lazy("Pixel accuracy"),
    "boundary_f1": gettext_lazy("Outline F1"),
    "map75": gettext_lazy("mAP75"),
    "map_small": gettext_lazy("mAP of small objects"),
    "map_medium": gettext_lazy("mAP of medium objects"),
    "map_large": gettext_lazy("mAP of large objects"),
    "best_epoch": gettext_lazy("Best epoch"),
    "best_step": gettext_lazy("Best step"),
    "monitor": gettext_lazy("Judged by"),
    "epochs": gettext_lazy("Epochs"),
    "steps": gettext_lazy("Steps"),
    "stop_reason": gettext_lazy("Ended because of"),
}
_SPLITS = {"test": gettext_lazy("Test"), "val": gettext_lazy("Validation")}
_UNITS = {
    "images": gettext_lazy("images"),
    "samples": gettext_lazy("samples"),
    "files": gettext_lazy("files"),
    "steps": gettext_lazy("steps"),
    "bytes": gettext_lazy("bytes"),
}


def words(name: Any) -> str:
    """Write an identifier as words: stop_reason becomes Stop reason. Well-known names have words of their own."""
    if str(name) in _METRICS:
        return str(_METRICS[str(name)])
    split, _, metric = str(name).partition("_")
    if split in _SPLITS and metric in _METRICS:
        return f"{_SPLITS[split]}: {_METRICS[metric]}"
    text = str(name).replace("_", " ")
    return text[:1].upper() + text[1:]


def unit_word(name: Any) -> str:
    """Name the unit of a progress in the reader's language; an unknown one stays as the recipe wrote it."""
    return str(_UNITS.get(str(name), name or ""))


def stage_words(stage: Any) -> str:
    """Say where a run is: epoch 3/10 in the reader's language, other stages as the recipe wrote them."""
    match = re.fullmatch(r"epoch (\d+)/(\d+)", str(stage or ""))
    return gettext("epoch %(n)s of %(all)s") % {"n": match[1], "all": match[2]} if match else str(stage or "")


def ago(value: Any) -> str:
    """Say how long ago a moment was, in its largest unit."""
    if value is None:
        return ""
    seconds = (timezone.now() - value).total_seconds()
    if seconds < 60:
        return gettext("just now")
    return gettext("%(time)s ago") % {"time": timesince(value, depth=1)}
