"""Starting points for what can be trained from a collection: for whom each is, and what it changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from cvstudio.common.schema_form import Preset
from cvstudio.common.schema_form.recipe_form import merged, nested
from ml_core.anime.generate.presets import PRESETS as GENERATORS

_QUICK: dict[str, Any] = {"fit.epochs": 8}
_GPU: dict[str, Any] = {"image_size": 224, "fit.epochs": 120, "fit.batch_size": 64}
_AS_SPECIFIED: dict[str, Any] = {
    "image_size": 224, "pretrained": "IMAGENET1K_V1", "label_smoothing": 0.0, "mixing": 0.0, "fit.epochs": 30,
    "fit.ema_decay": None, "fit.learning_rate": 1e-3, "fit.weight_decay": 0.01,
}  # fmt: skip
_CPU = Preset("cpu", _("Recommended"), _("For a processor: small images, the best scores for the time."))
_LOOK = Preset("quick", _("Quick look"), _("A few epochs: is the collection in order?"), _QUICK)
_BEST = Preset("gpu", _("GPU, best"), _("Large images and many epochs."), _GPU)
_GENERATORS: dict[str, tuple[Any, Any]] = {
    "cpu_64": (_("CPU, 64 px"), _("For a processor.")),
    "gpu_128": (_("GPU, 128 px"), _("Sharper, and slow without a GPU.")),
    "gpu_224": (_("GPU, 224 px"), _("The size of the specification. Wants a GPU.")),
}

#: By kind of training (`anime.models.Training.Kind`); the first is chosen unless another is.
PRESETS: Mapping[str, tuple[Preset, ...]] = {
    "recogniser": (
        _CPU,
        _LOOK,
        _BEST,
        Preset(
            "specification",
            _("As specified"),
            _("EfficientNet-B0 with pretrained weights at 224 px, plain cross-entropy. Wants a GPU."),
            _AS_SPECIFIED,
        ),
    ),
    "student": (_CPU, _LOOK, _BEST),
    "words": (_CPU,),
    "generator": tuple(
        Preset(name, *_GENERATORS[name], {"preset": name, **values}) for name, values in GENERATORS.items()
    ),
}


def settings_of(kind: str, preset: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a run, nested: those of the preset with changes over them; an unknown preset is the first one."""
    known = PRESETS[kind]
    chosen = next((one for one in known if one.key == preset), known[0])
    return merged(nested(chosen.values), changes)
