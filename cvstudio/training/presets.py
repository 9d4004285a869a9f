"""Starting points for the settings of a training: for whom each is, and what it changes."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from cvstudio.common.schema_form import Preset
from cvstudio.training.plan import CLASSIFY, DETECT, SEGMENT
from ml_core.data.augment import PRESETS as IMAGE_AUGMENTATIONS

_QUICK: dict[str, Any] = {"fit.epochs": 3, "fit.learning_rate": 2e-3, "fit.batch_size": 32, "fit.device": "cpu"}
_SOLID: dict[str, Any] = {
    "fit.epochs": 20,
    "fit.warmup_steps": 50,
    "fit.patience": 6,
    "augment": IMAGE_AUGMENTATIONS["light"],
}
_BEST: dict[str, Any] = {
    "fit.epochs": 60,
    "fit.batch_size": 64,
    "fit.warmup_steps": 500,
    "fit.weight_decay": 0.05,
    "fit.ema_decay": 0.999,
    "fit.patience": 12,
    "label_smoothing": 0.1,
    "augment": IMAGE_AUGMENTATIONS["strong"],
}
_FINE_TUNE: dict[str, Any] = {
    "fit.epochs": 10,
    "fit.learning_rate": 3e-4,
    "fit.weight_decay": 0.05,
    "fit.warmup_steps": 50,
    "label_smoothing": 0.1,
    "augment": IMAGE_AUGMENTATIONS["standard"],
}

_FOR_CLASSES = (
    Preset("quick", _("CPU, a few minutes"), _("Three epochs: does it learn at all?"), _QUICK),
    Preset("solid", _("Solid start"), _("Twenty epochs, stops when nothing improves."), _SOLID),
    Preset("finetune", _("Fine-tune"), _("For networks that start from published weights."), _FINE_TUNE),
    Preset("best", _("GPU, best result"), _("Sixty epochs, strong augmentation, averaged weights."), _BEST),
)

_WITH_LABELS: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "light": IMAGE_AUGMENTATIONS["light"],
    "scaled": [
        {"op": "RandomHorizontalFlip"},
        {"op": "RandomAffine", "degrees": 0.0, "translate": [0.1, 0.1], "scale": [0.75, 1.3]},
        {"op": "ColorJitter"},
    ],
    "above": [
        {"op": "RandomHorizontalFlip"},
        {"op": "RandomVerticalFlip"},
        {"op": "RandomAffine", "degrees": 0.0, "translate": [0.1, 0.1], "scale": [0.75, 1.3]},
        {"op": "ColorJitter"},
    ],
}
#: Named augmentations by recipe. RandAugment, of "strong", moves pixels without saying where labels go.
AUGMENTATIONS: dict[str, dict[str, list[dict[str, Any]]]] = {
    CLASSIFY: IMAGE_AUGMENTATIONS,
    DETECT: _WITH_LABELS,
    SEGMENT: _WITH_LABELS | {"standard": IMAGE_AUGMENTATIONS["standard"]},
}

_FIND_QUICKLY: dict[str, Any] = {
    "detector": "ssdlite",
    "fit.epochs": 5,
    "fit.learning_rate": 2e-3,
    "fit.batch_size": 8,
    "fit.device": "cpu",
    "augment": AUGMENTATIONS[DETECT]["light"],
}
_FIND_ON_A_CPU: dict[str, Any] = {
    "detector": "fcos",
    "backbone": "compact",
    "size": 320,
    "mosaic": 0.5,
    "fit.epochs": 26,
    "fit.learning_rate": 2e-3,
    "fit.batch_size": 8,
    "fit.warmup_steps": 100,
    "fit.clip_norm": 10.0,
    "fit.ema_decay": 0.99,
    "fit.device": "cpu",
    "augment": AUGMENTATIONS[DETECT]["scaled"],
}
_FIND_WELL: dict[str, Any] = {
    "detector": "fasterrcnn",
    "backbone": "resnet50",
    "size": 800,
    "width": 256,
    "fit.epochs": 24,
    "fit.learning_rate": 1e-4,
    "fit.batch_size": 8,
    "fit.weight_decay": 0.05,
    "fit.warmup_steps": 500,
    "fit.clip_norm": 10.0,
    "fit.ema_decay": 0.999,
    "augment": AUGMENTATIONS[DETECT]["scaled"],
}
_FOR_BOXES = (
    Preset("quick", _("CPU, a few minutes"), _("SSDLite, five epochs: does it learn at all?"), _FIND_QUICKLY),
    Preset("cpu", _("CPU, from scratch"), _("FCOS on a compact network at 320 pixels."), _FIND_ON_A_CPU),
    Preset("best", _("GPU, best result"), _("Faster R-CNN on ResNet-50 at 800 pixels."), _FIND_WELL),
)

_SEGMENT_QUICKLY: dict[str, Any] = {
    "decoder": "fpn",
    "size": 192,
    "fit.epochs": 5,
    "fit.learning_rate": 2e-3,
    "fit.batch_size": 8,
    "fit.warmup_steps": 20,
    "fit.device": "cpu",
    "augment": AUGMENTATIONS[SEGMENT]["light"],
}
_SEGMENT_ON_A_CPU: dict[str, Any] = {
    "decoder": "fpn",
    "backbone": "compact",
    "size": 320,
    "fit.epochs": 40,
    "fit.learning_rate": 2e-3,
    "fit.batch_size": 8,
    "fit.warmup_steps": 100,
    "fit.clip_norm": 10.0,
    "fit.ema_decay": 0.99,
    "fit.device": "cpu",
    "augment": AUGMENTATIONS[SEGMENT]["scaled"],
}
_SEGMENT_WELL: dict[str, Any] = {
    "decoder": "deeplab",
    "backbone": "resnet50",
    "size": 768,
    "width": 256,
    "fit.epochs": 60,
    "fit.learning_rate": 2e-4,
    "fit.batch_size": 16,
    "fit.weight_decay": 0.05,
    "fit.warmup_steps": 500,
    "fit.clip_norm": 10.0,
    "fit.ema_decay": 0.999,
    "augment": AUGMENTATIONS[SEGMENT]["standard"],
}
_FOR_PIXELS = (
    Preset("quick", _("CPU, a few minutes"), _("Five epochs at 192 pixels: does it learn at all?"), _SEGMENT_QUICKLY),
    Preset("cpu", _("CPU, from scratch"), _("A pyramid on a compact network at 320 pixels."), _SEGMENT_ON_A_CPU),
    Preset("best", _("GPU, best result"), _("DeepLab v3+ on ResNet-50 at 768 pixels."), _SEGMENT_WELL),
)

PRESETS: dict[str, tuple[Preset, ...]] = {CLASSIFY: _FOR_CLASSES, DETECT: _FOR_BOXES, SEGMENT: _FOR_PIXELS}

RECIPE_TITLES = {
    CLASSIFY: _("Tell images apart"),
    DETECT: _("Find objects: a box for each"),
    SEGMENT: _("Segment: a class for each pixel"),
}

AUGMENTATION_TITLES = {
    "none": _("None"),
    "light": _("Light: mirrored"),
    "standard": _("Standard: cropped, mirrored, colours varied"),
    "strong": _("Strong: for long trainings of large networks"),
    "scaled": _("Scaled: mirrored, larger and smaller, colours varied"),
    "above": _("Seen from above: mirrored both ways, larger and smaller, colours varied"),
    "digits": _("Digits and signs: turned and moved a little, never mirrored"),
}
