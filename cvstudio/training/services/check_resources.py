"""Checks whether memory, disk and patience are enough for a planned training."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings

from cvstudio.training.report import Check, Estimate
from ml_core.graph import Analysis

# A process with torch and nothing else, measured: 0.4 GB of main memory; 0.6 GB on a GPU for CUDA's own use.
BASE_BYTES = 400 * 2**20
# Tensors kept per parameter beside the weight itself: the gradient, and the optimizer's averages.
OPTIMIZER_TENSORS = {"adamw": 2, "adam": 2, "sgd": 1}
LONG_S = 12 * 3600.0
TIGHT = 0.8


def estimate(analysis: Analysis, config: dict[str, Any], images: dict[str, int], probe: dict[str, Any]) -> Estimate:
    """What the training will need.

    Args:
        analysis: Of the graph, for one batch.
        config: The recipe's configuration.
        images: Number of images by split.
        probe: What was measured; empty when nothing was.
    """
    fit = config["fit"]
    totals = analysis.totals
    trained = 4 * totals.trainable
    state = trained * OPTIMIZER_TENSORS[fit["optimizer"]] + (totals.weight_bytes if fit["ema_decay"] else 0)
    checkpoint = totals.weight_bytes + state
    disk = shutil.disk_usage(_existing(Path(settings.RUNS_DIR)))
    memory = BASE_BYTES + totals.weight_bytes + trained + state + totals.activation_bytes["train"]
    step_s, seconds = probe.get("step_s"), None
    if step_s is not None:
        seconds = _seconds(step_s, config, images, probe)
        memory = max(probe["memory_bytes"], memory if probe["device"] == "cpu" else 0)
    return Estimate(
        memory_bytes=memory + (_cache_bytes(config, probe) if probe.get("device", "cpu") == "cpu" else 0),
        available_bytes=probe.get("available_bytes") or psutil.virtual_memory().available,
        disk_bytes=checkpoint * (fit["keep_last"] + 2) + totals.weight_bytes,
        free_disk_bytes=disk.free,
        seconds=seconds,
        step_s=step_s,
        device=probe.get("device", ""),
        is_measured=step_s is not None,
    )


def check_resources(needs: Estimate) -> Iterator[Check]:
    """Findings about memory, disk and time."""
    facts = {"memory_bytes": needs.memory_bytes, "available_bytes": needs.available_bytes}
    if needs.memory_bytes > needs.available_bytes:
        yield Check(
            "preflight.memory",
            "red" if needs.memory_bytes > 1.5 * needs.available_bytes else "yellow",
            f"The training needs about {_gb(needs.memory_bytes)} of memory, and {_gb(needs.available_bytes)} are free.",
            "Halve fit.batch_size and double fit.accumulate, use smaller images, or end other work.",
            "fit.batch_size",
            facts,
        )
    elif needs.memory_bytes > TIGHT * needs.available_bytes:
        yield Check(
            "preflight.memory_tight",
            "yellow",
            f"The training needs about {_gb(needs.memory_bytes)} of the {_gb(needs.available_bytes)} of free memory.",
            "A smaller fit.batch_size makes room.",
            "fit.batch_size",
            facts,
        )
    else:
        yield Check("preflight.memory", "ok", f"About {_gb(needs.memory_bytes)} of memory at the peak.", facts=facts)
    yield from _check_disk(needs)
    yield from _check_time(needs)


def _check_disk(needs: Estimate) -> Iterator[Check]:
    facts = {"disk_bytes": needs.disk_bytes, "free_disk_bytes": needs.free_disk_bytes}
    if needs.disk_bytes > needs.free_disk_bytes:
        yield Check(
            "preflight.disk",
            "red",
            f"Checkpoints need about {_gb(needs.disk_bytes)}, and {_gb(needs.free_disk_bytes)} are free.",
            "Free some space, or lower fit.keep_last.",
            "fit.keep_last",
            facts,
        )
    else:
        yield Check("preflight.disk", "ok", f"About {_gb(needs.disk_bytes)} of disk for checkpoints.", facts=facts)


def _check_time(needs: Estimate) -> Iterator[Check]:
    if needs.seconds is None:
        yield Check("preflight.time", "ok", "The time was not measured.")
        return
    is_long = needs.seconds > LONG_S
    yield Check(
        "preflight.long" if is_long else "preflight.time",
        "yellow" if is_long else "ok",
        f"About {_duration(needs.seconds)} for all epochs, on {needs.device}.",
        "Fewer epochs, smaller images or a smaller network take less." if is_long else "",
        "fit.epochs",
        {"seconds": needs.seconds, "step_s": needs.step_s},
    )


def _seconds(step_s: float, config: dict[str, Any], images: dict[str, int], probe: dict[str, Any]) -> float:
    """All epochs: the slower of computing and decoding, which go on side by side. Validation is a third of a step."""
    fit = config["fit"]
    batches = math.ceil(images.get("train", 0) / fit["batch_size"])
    validation = math.ceil(images.get("val", 0) / fit["batch_size"]) / 3
    epochs = fit["epochs"]
    if fit["max_steps"] is not None:
        epochs = min(epochs, fit["max_steps"] * fit["accumulate"] / max(batches, 1))
    decode_s = probe["decode_s"] * (images.get("train", 0) + images.get("val", 0)) / max(probe["threads"], 1)
    compute_s = (batches + validation) * step_s
    if _cache_bytes(config, probe):
        return float(decode_s + epochs * compute_s)
    return float(epochs * max(compute_s, decode_s))


def _cache_bytes(config: dict[str, Any], probe: dict[str, Any]) -> int:
    """Decoded images that are kept in memory: all or none."""
    wanted = int(probe.get("cache_bytes", 0))
    return wanted if wanted <= config["data"]["cache_mib"] * 2**20 else 0


def _existing(folder: Path) -> Path:
    return folder if folder.exists() or folder == folder.parent else _existing(folder.parent)


def _gb(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.0f} MB"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
