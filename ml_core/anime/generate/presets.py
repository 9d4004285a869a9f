"""Named sets of values for the training of a generator, and how long they take. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final, Literal

PresetName = Literal["cpu_64", "gpu_128", "gpu_224"]

PRESETS: Final[Mapping[PresetName, Mapping[str, Any]]] = {
    "cpu_64": {"size": 64, "channels": [128, 96, 64, 48, 32], "batch_size": 8, "num_epochs": 50, "epoch_steps": 100},
    "gpu_128": {
        "size": 128,
        "channels": [384, 320, 256, 128, 64, 32],
        "batch_size": 16,
        "num_epochs": 150,
        "epoch_steps": 100,
    },
    "gpu_224": {
        "size": 224,
        "channels": [512, 384, 256, 128, 64, 32],
        "batch_size": 16,
        "num_epochs": 300,
        "epoch_steps": 100,
    },
}

# Seconds of one image in one step, for each million of multiplications of the generator's convolutions: measured with
# the preset cpu_64 on one core, and assumed, not measured, for a GPU of some ten TFLOP/s.
_CORE_SECONDS: Final = 1.9e-4
_GPU_SECONDS: Final = 1.2e-6
_CORES_USED: Final = 4  # more help little at such sizes
_GAIN: Final = 0.7  # power of the number of cores by which they help


def with_preset(values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` with everything that was not set filled in by their preset."""
    given = dict(values)
    preset = given.setdefault("preset", "cpu_64")
    filling = PRESETS.get(preset, {}) if isinstance(preset, str) else {}  # type: ignore[call-overload]  # checked later
    return {**filling, **given}


def estimate_seconds(preset: PresetName, settings: Mapping[str, Any] | None = None, *, cores: int = 2) -> float:
    """About how long a training takes, judging and reading not counted.

    Args:
        preset: Its name; ``cpu_`` presets are taken to run on a processor, the others on a GPU.
        settings: What differs from the preset.
        cores: Of the processor.
    """
    chosen = with_preset({**(settings or {}), "preset": preset})
    images = int(chosen["num_epochs"]) * int(chosen["epoch_steps"]) * int(chosen["batch_size"])
    work = images * _millions(int(chosen["size"]), list(chosen["channels"]))
    if preset.startswith("cpu_"):
        return work * _CORE_SECONDS / float(min(cores, _CORES_USED) ** _GAIN)
    return work * _GPU_SECONDS


def _millions(size: int, channels: list[int]) -> float:
    """Millions of multiplications of the generator's convolutions for one image."""
    total, side = 0, size
    for fine, coarse in pairwise(channels[::-1]):
        looks = 0 if side == size else fine * fine
        total += 9 * (coarse * fine + looks) * side * side
        side //= 2
    return total / 1e6
