"""Checks whether memory, disk and patience are enough for a planned training."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Cost:
    """What a network costs.

    Attributes:
        weight_bytes: All its tensors.
        trained: Parameters that are trained.
        activation_bytes: What a batch leaves for the way back; 0 where only a measurement tells.
    """

    weight_bytes: int
    trained: int
    activation_bytes: int = 0


def cost_of_graph(analysis: Analysis) -> Cost:
    """The cost of a network that is trained as it is drawn, from the analysis for one batch."""
    totals = analysis.totals
    return Cost(totals.weight_bytes, totals.trainable, totals.activation_bytes["train"])


def measured_cost(probe: dict[str, Any]) -> Cost | None:
    """The cost of a network that is more than its graph, such as a detector."""
    return Cost(probe["weight_bytes"], probe["trained"]) if probe else None


def estimate(cost: Cost | None, config: dict[str, Any], images: dict[str, int], probe: dict[str, Any]) -> Estimate:
    """What the training will need.

    Args:
        cost: Of the network; None when nothing tells.
        config: The recipe's configuration.
        images: Number of images by split.
        probe: What was measured; empty when nothing was.
    """
    fit = config["fit"]
    memory = disk = None
    if cost is not None:
        trained = 4 * cost.trained
        state = trained * OPTIMIZER_TENSORS[fit["optimizer"]] + (cost.weight_bytes if fit["ema_decay"] else 0)
        disk = (cost.weight_bytes + state) * (fit["keep_last"] + 2) + cost.weight_bytes
        memory = BASE_BYTES + cost.weight_bytes + trained + state + cost.activation_bytes
        if probe:
            memory = max(probe["memory_bytes"], memory if probe["device"] == "cpu" else 0)
        memory += _cache_bytes(config, probe) if probe.get("device", "cpu") == "cpu" else 0
    step_s = probe.get("step_s")
    seconds = None if step_s is None else _seconds(step_s, config, images, probe)
    return Estimate(
        memory_bytes=memory,
        available_bytes=probe.get("available_bytes") or psutil.virtual_memory().available,
        disk_bytes=disk,
        free_disk_bytes=shutil.disk_usage(_existing(Path(settings.RUNS_DIR))).free,
        seconds=seconds,
        step_s=step_s,
        device=probe.get("device", ""),
        is_measured=step_s is not None,
    )


def check_resources(needs: Estimate) -> Iterator[Check]:
    """Findings about memory, disk and time."""
    if needs.memory_bytes is not None:
        yield from _check_memory(needs.memory_bytes, needs.available_bytes)
    if needs.disk_bytes is not None:
        yield from _check_disk(needs.disk_bytes, needs.free_disk_bytes)
    yield from _check_time(needs)


def _check_memory(needed: int, available: int) -> Iterator[Check]:
    facts = {"memory_bytes": needed, "available_bytes": available}
    if needed > available:
        yield Check(
            "preflight.memory",
            "red" if needed > 1.5 * available else "yellow",
            f"The training needs about {_gb(needed)} of memory, and {_gb(available)} are free.",
            "Halve fit.batch_size and double fit.accumulate, use smaller images, or end other work.",
            "fit.batch_size",
            facts,
        )
    elif needed > TIGHT * available:
        yield Check(
            "preflight.memory_tight",
            "yellow",
            f"The training needs about {_gb(needed)} of the {_gb(available)} of free memory.",
            "A smaller fit.batch_size makes room.",
            "fit.batch_size",
            facts,
        )
    else:
        yield Check("preflight.memory", "ok", f"About {_gb(needed)} of memory at the peak.", facts=facts)


def _check_disk(needed: int, free: int) -> Iterator[Check]:
    facts = {"disk_bytes": needed, "free_disk_bytes": free}
    if needed > free:
        yield Check(
            "preflight.disk",
            "red",
            f"Checkpoints need about {_gb(needed)}, and {_gb(free)} are free.",
            "Free some space, or lower fit.keep_last.",
            "fit.keep_last",
            facts,
        )
    else:
        yield Check("preflight.disk", "ok", f"About {_gb(needed)} of disk for checkpoints.", facts=facts)


def _check_time(needs: Estimate) -> Iterator[Check]:
    if needs.seconds is None:
        yield Check(
            "preflight.time",
            "ok",
            "The time was not measured." if needs.memory_bytes else "Time and memory were not measured.",
        )
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
