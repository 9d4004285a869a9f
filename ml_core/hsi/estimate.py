"""How long a chain will take, before it begins. Free of torch.

Work is counted from the settings and the sizes of the scenes; what a unit of it costs was measured on one core of a
2.6 GHz AMD EPYC (``benchmarks/hsi_chain.py`` measures again). An estimate is right within a factor of about two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_SECONDS_PER_VALUE = 1.5e-8  # reading a value of a cube and projecting it
_SECONDS_PER_PATCH_PIXEL = 7.1e-5  # training of the cpu preset's tokenizer
_SECONDS_PER_PLANTED_PIXEL = 1.1e-5  # planting targets in a scene and measuring it
_SECONDS_PER_CROP = 9e-3  # training of the heads
_SECONDS_PER_MAPPED_PIXEL = 2.8e-4  # all heads
_SECONDS_TO_START = 4.0  # of a process
_FLOPS_PER_SECOND = 3e10
_FLOPS_PER_WEIGHT = 6  # forward and backward
_BERT_WEIGHTS = {"cpu": 2 * 12 * 64**2, "small": 4 * 12 * 128**2}
_BERT_BASE_WEIGHTS = 12 * 12 * 768**2
_REFERENCE_HIDDEN = 32
_SIMULATED_PIXELS = 100 * 100
_PLANTED_SIDE = 160  # larger scenes are planted in pieces
_GPU_FACTOR = 20.0  # how much faster the preset for GPUs is taken to go there

Shapes = Sequence[tuple[int, int, int]]


def estimate_stages(
    preset: str, presets: Mapping[Any, Mapping[str, Mapping[str, Any]]], shapes: Shapes
) -> dict[str, float]:
    """Seconds of each stage with a preset's settings.

    Args:
        preset: Name of the preset.
        presets: Settings by stage and preset.
        shapes: (H, W, B) of every scene.

    Returns:
        ``tokenizer``, ``pretrain``, ``anomaly`` for the training on all scenes, ``infer`` for the maps of all.
    """
    pixels = sum(height * width for height, width, _ in shapes)
    reading = _SECONDS_TO_START + _SECONDS_PER_VALUE * sum(height * width * bands for height, width, bands in shapes)
    factor = _GPU_FACTOR if preset == "gpu" else 1.0
    stages = {
        "tokenizer": reading + _tokenizer(presets["tokenizer"][preset], shapes) / factor,
        "pretrain": reading + _pretrain(presets["pretrain"][preset]) / factor,
        "anomaly": reading + _anomaly(presets["anomaly"][preset], shapes),
        "infer": len(shapes) * _SECONDS_TO_START + _SECONDS_PER_MAPPED_PIXEL * pixels,
    }
    return {name: round(seconds, 1) for name, seconds in stages.items()}


def _tokenizer(settings: Mapping[str, Any], shapes: Shapes) -> float:
    size, stride = settings["patch_size"], settings["stride"]
    held = sum((height // stride + 1) * (width // stride + 1) for height, width, _ in shapes)
    patches = settings["num_epochs"] * (settings["patches_per_epoch"] or held)
    wider = (settings["hidden_dim"] / _REFERENCE_HIDDEN) ** 2
    return float(patches * size**2 * wider * _SECONDS_PER_PATCH_PIXEL)


def _pretrain(settings: Mapping[str, Any]) -> float:
    weights = _BERT_WEIGHTS.get(settings["bert_model_name_or_path"], _BERT_BASE_WEIGHTS)
    tokens = settings["pretrain_epochs"] * settings["windows_per_epoch"] * settings["max_seq_len"]
    return float(tokens * weights * _FLOPS_PER_WEIGHT / _FLOPS_PER_SECOND)


def _anomaly(settings: Mapping[str, Any], shapes: Shapes) -> float:
    sizes = [min(height, _PLANTED_SIDE) * min(width, _PLANTED_SIDE) for height, width, _ in shapes]
    planted = settings["plantings"] * sum(sizes) / max(1, len(sizes))
    if settings["simulated_scenes"]:
        planted += max(settings["plantings"] / 2, settings["simulated_scenes"]) * _SIMULATED_PIXELS
    crops = settings["anomaly_epochs"] * settings["crops_per_epoch"]
    return float(planted * _SECONDS_PER_PLANTED_PIXEL + crops * _SECONDS_PER_CROP)
