"""Named sets of values for the three stages, and how long a chain will take. Free of torch.

``cpu`` is the recommended setting: one token pair for every pixel, a network of a few hundred thousand parameters,
minutes on one core. ``gpu`` trains a larger one for longer. ``specification`` has the literal values of the
specification: patches of 11 pixels, 256 codes of each kind, ``bert-base-uncased``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ml_core.hsi.estimate import estimate_stages

PresetName = Literal["cpu", "gpu", "specification"]
StageName = Literal["tokenizer", "pretrain", "anomaly"]

_TOKENIZER: dict[str, dict[str, Any]] = {
    "cpu": {
        "patch_size": 9,
        "stride": 4,
        "K_s": 128,
        "K_x": 128,
        "hidden_dim": 32,
        "num_layers": 4,
        "kernel_size": 3,
        "spatial_dim": 12,
        "encoder_channels": [32, 32],
        "commitment_beta": 0.25,
        "batch_size": 16,
        "num_epochs": 10,
        "lr": 2e-3,
        "patches_per_epoch": 800,
    },
    "gpu": {
        "patch_size": 9,
        "stride": 4,
        "K_s": 256,
        "K_x": 256,
        "hidden_dim": 64,
        "num_layers": 4,
        "kernel_size": 3,
        "spatial_dim": 24,
        "encoder_channels": [64, 64],
        "commitment_beta": 0.25,
        "batch_size": 64,
        "num_epochs": 30,
        "lr": 2e-3,
        "patches_per_epoch": 6400,
    },
    "specification": {
        "patch_size": 11,
        "stride": 5,
        "K_s": 256,
        "K_x": 256,
        "hidden_dim": 64,
        "num_layers": 4,
        "kernel_size": 3,
        "spatial_dim": 64,
        "encoder_channels": [64, 128, 256],
        "commitment_beta": 0.25,
        "batch_size": 64,
        "num_epochs": 50,
        "lr": 1e-3,
        "patches_per_epoch": 0,
    },
}
_PRETRAIN: dict[str, dict[str, Any]] = {
    "cpu": {
        "bert_model_name_or_path": "cpu",
        "load_pretrained_lm": False,
        "num_domains": 16,
        "dropout": 0.0,
        "mask_ratio": 0.35,
        "max_seq_len": 225,
        "pretrain_batch_size": 32,
        "pretrain_epochs": 5,
        "learning_rate_pretrain": 2e-3,
        "num_warmup_steps": 80,
        "windows_per_epoch": 5120,
    },
    "gpu": {
        "bert_model_name_or_path": "small",
        "load_pretrained_lm": False,
        "num_domains": 16,
        "dropout": 0.0,
        "mask_ratio": 0.35,
        "max_seq_len": 225,
        "pretrain_batch_size": 128,
        "pretrain_epochs": 15,
        "learning_rate_pretrain": 1e-3,
        "num_warmup_steps": 100,
        "windows_per_epoch": 10_240,
    },
    "specification": {
        "bert_model_name_or_path": "bert-base-uncased",
        "load_pretrained_lm": True,
        "num_domains": 3,
        "dropout": 0.1,
        "mask_ratio": 0.35,
        "max_seq_len": 256,
        "pretrain_batch_size": 32,
        "pretrain_epochs": 30,
        "learning_rate_pretrain": 1e-4,
        "num_warmup_steps": 2000,
        "windows_per_epoch": 6400,
    },
}
_ANOMALY: dict[str, dict[str, Any]] = {
    "cpu": {
        "anomaly_batch_size": 8,
        "anomaly_epochs": 20,
        "learning_rate_anomaly": 4e-3,
        "plantings": 96,
        "simulated_scenes": 12,
        "crops_per_epoch": 200,
        "freeze_encoder": True,
        "use_lora": False,
        "head_weights": {"lm_nll": 0.3, "recon": 0.2, "one_class": 0.5},
    },
    "gpu": {
        "anomaly_batch_size": 16,
        "anomaly_epochs": 40,
        "learning_rate_anomaly": 4e-3,
        "plantings": 192,
        "simulated_scenes": 24,
        "crops_per_epoch": 240,
        "freeze_encoder": True,
        "use_lora": False,
        "head_weights": {"lm_nll": 0.3, "recon": 0.2, "one_class": 0.5},
    },
    "specification": {
        "anomaly_batch_size": 16,
        "anomaly_epochs": 20,
        "learning_rate_anomaly": 1e-4,
        "plantings": 96,
        "simulated_scenes": 12,
        "crops_per_epoch": 480,
        "freeze_encoder": True,
        "use_lora": False,
        "head_weights": {"lm_nll": 0.4, "recon": 0.3, "one_class": 0.3},
    },
}
PRESETS: Mapping[StageName, Mapping[str, Mapping[str, Any]]] = {
    "tokenizer": _TOKENIZER,
    "pretrain": _PRETRAIN,
    "anomaly": _ANOMALY,
}
_ALIASES: Mapping[StageName, Mapping[str, str]] = {
    "tokenizer": {"tokenizer_lr": "lr", "tokenizer_epochs": "num_epochs"},
    "pretrain": {},
    "anomaly": {},
}
"""Names by which the specification's common file calls what the stage's own file calls shorter."""


def with_preset(stage: StageName, values: Mapping[str, Any], own: frozenset[str]) -> dict[str, Any]:
    """``values`` with everything that was not set filled in by their ``preset``.

    One file may hold the settings of all stages, as in the specification: names that belong to another stage alone
    are left out.

    Args:
        stage: Whose presets to use.
        values: What the user set.
        own: Names of the stage's fields.
    """
    aliases = _ALIASES[stage]
    given = {aliases.get(name, name): value for name, value in values.items() if name in aliases}
    given |= {name: value for name, value in values.items() if name not in aliases}
    elsewhere = {name for presets in PRESETS.values() for name in presets["cpu"]}
    elsewhere |= {name for names in _ALIASES.values() for name in names}
    given = {name: value for name, value in given.items() if name in own or name not in elsewhere}
    filling = PRESETS[stage].get(str(given.get("preset", "cpu")), {})
    return _merged(filling, given)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, value in above.items():
        known = merged.get(name)
        both = isinstance(known, Mapping) and isinstance(value, Mapping)
        merged[name] = _merged(known, value) if both else value  # type: ignore[arg-type]
    return merged


def estimate_chain(preset: str, shapes: Sequence[tuple[int, int, int]]) -> dict[str, float]:
    """Seconds that each stage of a chain takes: ``tokenizer``, ``pretrain``, ``anomaly``, ``infer``.

    Args:
        preset: Name of the preset.
        shapes: (H, W, B) of the scenes that are learnt from, or mapped.
    """
    return estimate_stages(preset, PRESETS, shapes)
