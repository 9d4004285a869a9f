"""Named sets of values for the training of star classifiers. Free of torch.

``recommended`` is the product's own classifier, minutes on one core. The others are the specification's network:
``fusion_cpu`` with small encoders, ``fusion_gpu`` with a pretrained ResNet-18, ``specification`` with the literal
choice of a pretrained ResNet-152.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

PresetName = Literal["recommended", "fusion_cpu", "fusion_gpu", "specification"]
ModelName = Literal["recommended", "fusion_plain"]

_FUSION: Final[dict[str, Any]] = {
    "model": "fusion_plain", "steps_per_epoch": 0, "learning_rate": 3e-4, "weight_decay": 0.05, "optimizer": "adamw",
    "dropout": 0.1, "modality_dropout": 0.4, "sic_weight": 0.1, "sic_temperature": 0.07,
}  # fmt: skip
PRESETS: Final[Mapping[PresetName, Mapping[str, Any]]] = {
    "recommended": {
        "model": "recommended", "epochs": 12, "steps_per_epoch": 100, "batch_size": 256, "learning_rate": 3e-3,
        "weight_decay": 0.1, "optimizer": "adamw", "modality_dropout": 0.15, "sic_weight": 0.1,
        "sic_temperature": 0.07,
    },
    "fusion_cpu": {
        **_FUSION, "backbone": "small", "pretrained": "", "d_model": 96, "num_heads": 4, "num_layers": 2,
        "epochs": 30, "batch_size": 32, "learning_rate": 1e-3,
    },
    "fusion_gpu": {
        **_FUSION, "backbone": "resnet18", "pretrained": "DEFAULT", "d_model": 256, "num_heads": 8, "num_layers": 4,
        "epochs": 40, "batch_size": 64,
    },
    "specification": {
        **_FUSION, "backbone": "resnet152", "pretrained": "DEFAULT", "d_model": 512, "num_heads": 8, "num_layers": 8,
        "epochs": 20, "batch_size": 32, "learning_rate": 1e-4, "weight_decay": 0.0, "optimizer": "adam",
        "sic_weight": 1.0,
    },
}  # fmt: skip
TITLES: Final[Mapping[PresetName, str]] = {
    "recommended": "Recommended classifier",
    "fusion_cpu": "Fusion network, small",
    "fusion_gpu": "Fusion network with ResNet-18",
    "specification": "Fusion network with ResNet-152",
}
_DEFAULT: Final[Mapping[str, PresetName]] = {"recommended": "recommended", "fusion_plain": "fusion_cpu"}


def with_preset(values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` with everything that was not set filled in by their preset.

    Without a preset it follows from the model: the first one that a processor can train.

    Raises:
        ValueError: The preset is one of another model.
    """
    given = dict(values)
    preset = given.setdefault("preset", _DEFAULT.get(str(given.get("model", "recommended")), "recommended"))
    filling = PRESETS.get(preset, {}) if isinstance(preset, str) else {}  # type: ignore[call-overload]  # checked later
    model = given.get("model", filling.get("model"))
    if filling and model in _DEFAULT and model != filling["model"]:
        raise ValueError(f'the preset "{preset}" is one of the model "{filling["model"]}"')
    return {**filling, **given}
