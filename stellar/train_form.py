"""The settings of a training as a form, made from the recipe's schema, with its presets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from cvstudio.common.schema_form import Preset, SchemaForm, build_form
from ml_core.run.config import find_faults
from ml_core.run.registry import get_recipe
from ml_core.stellar.presets import PRESETS

PREFIX = "settings"
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


def chosen_preset(given: Mapping[str, Any]) -> str:
    """The preset that was chosen, or the first one."""
    wished = str(given.get("preset", ""))
    return wished if wished in PRESETS else next(iter(PRESETS))


def preset_choices() -> list[Preset]:
    """The presets with what each changes."""
    return [
        Preset(name, *TEXTS.get(name, (name, "")), {key: value for key, value in values.items() if key not in LEFT_OUT})
        for name, values in PRESETS.items()
    ]


def training_form(given: Mapping[str, Any] | None, preset: str) -> SchemaForm:
    """The form, filled with a preset, or with what was sent and what is wrong with it."""
    config = get_recipe("stellar.train").config
    schema = config.model_json_schema()
    values: dict[str, Any] = dict(PRESETS[preset])  # type: ignore[index]  # checked by chosen_preset
    faults = None
    if given is not None:
        values |= _bare(schema).values(given)
        faults = find_faults(config, {**values, "preset": preset, "survey": "-"})
    return build_form(schema, values, faults, prefix=PREFIX, presets=preset_choices(), leave_out=LEFT_OUT)


def changed_settings(given: Mapping[str, Any], preset: str) -> dict[str, Any]:
    """What a person set differently from the preset; the preset itself says the rest."""
    schema = get_recipe("stellar.train").config.model_json_schema()
    properties = schema["properties"]
    filling = PRESETS[preset]  # type: ignore[index]  # checked by chosen_preset
    sent = _bare(schema).values(given) if any(key.startswith(f"{PREFIX}.") for key in given) else {}
    return {key: value for key, value in sent.items() if value != filling.get(key, properties[key].get("default"))}


def _bare(schema: Mapping[str, Any]) -> SchemaForm:
    return build_form(schema, prefix=PREFIX, leave_out=LEFT_OUT)
