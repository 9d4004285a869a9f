"""The settings of a training as a form, made from the recipe's schema, with its presets."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from cvstudio.common.schema_form import Preset, RecipeForm
from ml_core.stellar.presets import PRESETS

#: Set by the page itself, or by the server.
LEFT_OUT = ("preset", "survey", "modality", "cache", "history_file", "model")
TEXTS: dict[str, tuple[Any, Any]] = {
    "recommended": (
        _("Recommended"),
        _("Several unlike classifiers that are averaged. Minutes on a processor, best scores."),
    ),
    "fusion_cpu": (
        _("Fusion network, small"),
        _("The specification's network with small encoders: a processor can train it."),
    ),
    "fusion_gpu": (_("Fusion network, ResNet-18"), _("With a pretrained image encoder. Wants a GPU.")),
    "specification": (
        _("As specified, ResNet-152"),
        _("To the letter of the specification. Needs a GPU and patience."),
    ),
}


FORM = RecipeForm(
    "stellar.train",
    tuple(Preset(name, *TEXTS.get(name, (name, "")), values) for name, values in PRESETS.items()),
    left_out=LEFT_OUT,
    filled={"survey": "-"},
)
