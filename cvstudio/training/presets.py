"""Starting points for the settings of a training: for whom each is, and what it changes."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from cvstudio.common.schema_form import Preset
from ml_core.data.augment import PRESETS as AUGMENTATIONS

_QUICK: dict[str, Any] = {"fit.epochs": 3, "fit.learning_rate": 2e-3, "fit.batch_size": 32, "fit.device": "cpu"}
_SOLID: dict[str, Any] = {
    "fit.epochs": 20,
    "fit.warmup_steps": 50,
    "fit.patience": 6,
    "augment": AUGMENTATIONS["light"],
}
_BEST: dict[str, Any] = {
    "fit.epochs": 60,
    "fit.batch_size": 64,
    "fit.warmup_steps": 500,
    "fit.weight_decay": 0.05,
    "fit.ema_decay": 0.999,
    "fit.patience": 12,
    "label_smoothing": 0.1,
    "augment": AUGMENTATIONS["strong"],
}
_FINE_TUNE: dict[str, Any] = {
    "fit.epochs": 10,
    "fit.learning_rate": 3e-4,
    "fit.weight_decay": 0.05,
    "fit.warmup_steps": 50,
    "label_smoothing": 0.1,
    "augment": AUGMENTATIONS["standard"],
}

PRESETS = (
    Preset("quick", _("CPU, a few minutes"), _("Three epochs: does it learn at all?"), _QUICK),
    Preset("solid", _("Solid start"), _("Twenty epochs, stops when nothing improves."), _SOLID),
    Preset("finetune", _("Fine-tune"), _("For networks that start from published weights."), _FINE_TUNE),
    Preset("best", _("GPU, best result"), _("Sixty epochs, strong augmentation, averaged weights."), _BEST),
)

AUGMENTATION_TITLES = {
    "none": _("None"),
    "light": _("Light: mirrored"),
    "standard": _("Standard: cropped, mirrored, colours varied"),
    "strong": _("Strong: for long trainings of large networks"),
    "digits": _("Digits and signs: turned and moved a little, never mirrored"),
}
