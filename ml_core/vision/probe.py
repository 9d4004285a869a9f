"""Measures a few training steps of a configuration before anyone waits hours for it.

``python -m ml_core.vision.probe`` reads ``{"recipe": ..., "config": {...}}`` as JSON from standard input and writes
the measurement, or ``{"error": {...}}``, as JSON to standard output. It is a program of its own so that running out of
memory ends it and nothing else.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import torch

from ml_core.engine.config import FitConfig
from ml_core.engine.device import cap_threads, choose_device, explain_out_of_memory, move, place, use_channels_last
from ml_core.engine.optimizers import build_optimizers
from ml_core.engine.precision import Precision, choose_format
from ml_core.engine.task import ParameterGroup, Task
from ml_core.errors import CodedError, FormatError
from ml_core.run.config import parse_config
from ml_core.run.registry import get_recipe
from ml_core.run.seeds import mix
from ml_core.vision.trials import TRIALS, TrialData

MAX_STEPS = 8
STEPS_S = 4.0
DECODE_S = 1.0
SAMPLE = 64


def probe(recipe: str, config: dict[str, Any]) -> dict[str, Any]:
    """Train a few steps on a few images, with the run's own model, data, optimizer and number format.

    Args:
        recipe: One of `TRIALS`.
        config: Its configuration.

    Returns:
        ``device``, ``device_name``, ``threads``, ``step_s`` (one batch), ``decode_s`` (one image on one core),
        ``cache_bytes`` (all training images decoded), ``weight_bytes`` (the tensors of the network), ``trained`` (its
        parameters that are trained), ``memory_bytes`` (peak on the device, or of the process) and ``available_bytes``.

    Raises:
        CodedError: What training would end with at once: no such device, too little memory, an unreadable image.
    """
    parsed: Any = parse_config(get_recipe(recipe).config, config)
    fit: FitConfig = parsed.fit
    device = choose_device(fit.device)
    threads = cap_threads(fit.threads)
    torch.manual_seed(parsed.seed)
    available = _available_bytes(device)
    with tempfile.TemporaryDirectory(prefix="probe-") as folder, explain_out_of_memory(fit.batch_size):
        trial = TRIALS[recipe](parsed, Path(folder))
        if not len(trial.data):
            raise FormatError("The data set has no training images.", hint="Give it a train split.", where="data")
        batch, decode_s = _decode(trial.data, min(fit.batch_size, len(trial.data)))
        model = trial.task.model
        channels_last = use_channels_last(fit.channels_last, device, model)
        place(model, device, channels_last)
        step_s = _step_seconds(trial.task, move(batch, device, channels_last), fit, parsed.seed, device)
        tensors = model.state_dict().values()
    return {
        "device": device.type,
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else "",
        "threads": threads,
        "step_s": step_s,
        "decode_s": decode_s,
        "cache_bytes": trial.data.memory_bytes,
        "weight_bytes": sum(tensor.numel() * tensor.element_size() for tensor in tensors),
        "trained": sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad),
        "memory_bytes": _peak_bytes(device),
        "available_bytes": available,
    }


def _decode(data: TrialData, batch_size: int) -> tuple[Any, float]:
    """A batch, made of as many different images as fit into the time, and the seconds that one takes."""
    spread = range(0, len(data), max(1, len(data) // SAMPLE))[: min(SAMPLE, batch_size)]
    known: list[int] = []
    started = time.perf_counter()
    for index in spread:
        data.batch([index], 0)
        known.append(index)
        if time.perf_counter() - started > DECODE_S:
            break
    decode_s = (time.perf_counter() - started) / len(known)
    return data.batch([known[place % len(known)] for place in range(batch_size)], 0), decode_s


def _step_seconds(task: Task, batch: Any, fit: FitConfig, seed: int, device: torch.device) -> float:
    """Median seconds of a step, without the first, which allocates."""
    parameters = [parameter for parameter in task.model.parameters() if parameter.requires_grad]
    optimizers = build_optimizers({"model": [ParameterGroup(parameters)]}, fit, device)
    precision = Precision(choose_format(fit.precision, device), device)
    torch.manual_seed(mix(seed, "fit"))
    task.model.train()
    times: list[float] = []
    started = time.perf_counter()
    while len(times) < 2 or (len(times) < MAX_STEPS and time.perf_counter() - started < STEPS_S):
        begin = time.perf_counter()
        with precision.autocast():
            loss = task.training_step(batch).loss
        precision.backward(loss)
        for optimizer in optimizers.values():
            precision.step(optimizer, parameters, fit.clip_norm)
            optimizer.zero_grad(set_to_none=True)
        precision.end_step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - begin)
    later = sorted(times[1:])
    return later[len(later) // 2]


def _available_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def _peak_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.max_memory_reserved(device))
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def main() -> int:
    """Read, measure, write. Returns the exit code."""
    try:
        answer = probe(**json.load(sys.stdin))
    except CodedError as error:
        answer = {"error": error.as_dict()}
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
