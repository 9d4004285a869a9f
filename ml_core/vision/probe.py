"""Measures a few training steps of a configuration before anyone waits hours for it.

``python -m ml_core.vision.probe`` reads the configuration of ``vision.classify`` as JSON from standard input and
writes the measurement, or ``{"error": {...}}``, as JSON to standard output. It is a program of its own so that
running out of memory ends it and nothing else.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import torch

from ml_core.data.manifest import read_items, read_version
from ml_core.engine.device import cap_threads, choose_device, explain_out_of_memory, place, use_channels_last
from ml_core.engine.optimizers import build_optimizers
from ml_core.engine.precision import Precision, choose_format
from ml_core.engine.task import ParameterGroup
from ml_core.errors import CodedError, FormatError
from ml_core.graph.build import load_model
from ml_core.run.config import parse_config
from ml_core.run.seeds import mix
from ml_core.vision.classify_task import ClassifyTask
from ml_core.vision.config import ClassifyConfig
from ml_core.vision.image_data import ImageBatch, ImageData
from ml_core.vision.preparation import prepare_for

MAX_STEPS = 8
STEPS_S = 4.0
DECODE_S = 1.0
SAMPLE = 64


def probe(config: ClassifyConfig) -> dict[str, Any]:
    """Train a few steps on a few images, with the run's own model, data, optimizer and number format.

    Returns:
        ``device``, ``device_name``, ``threads``, ``step_s`` (one batch), ``decode_s`` (one image on one core),
        ``cache_bytes`` (all training images decoded), ``memory_bytes`` (peak on the device, or of the process)
        and ``available_bytes``.

    Raises:
        CodedError: What training would end with at once: no such device, too little memory, an unreadable image.
    """
    device = choose_device(config.fit.device)
    threads = cap_threads(config.fit.threads)
    torch.manual_seed(config.seed)
    classes: list[str] = read_version(Path(config.data.version))["classes"]
    preparation = prepare_for(config.graph, config.input)
    train = [item for item in read_items(Path(config.data.version)) if item.split == "train"]
    if not train:
        raise FormatError("The data set has no training images.", hint="Give it a train split.", where="data")
    sample = list(islice(train, 0, None, max(1, len(train) // SAMPLE)))[:SAMPLE]
    data = ImageData(sample, Path(config.data.root), preparation, config.augment, config.seed)
    batch, decode_s = _decode(data, min(config.fit.batch_size, len(train)))
    cache_bytes = ImageData(train, Path(config.data.root), preparation, config.augment).memory_bytes
    available = _available_bytes(device)
    with tempfile.TemporaryDirectory(prefix="probe-") as folder, explain_out_of_memory(config.fit.batch_size):
        model = load_model(config.graph, folder, pretrained=False)
        place(model, device, use_channels_last(config.fit.channels_last, device, model))
        task = ClassifyTask(model, classes, preparation, config.label_smoothing, {})
        step_s = _step_seconds(task, batch, config, device)
    return {
        "device": device.type,
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else "",
        "threads": threads,
        "step_s": step_s,
        "decode_s": decode_s,
        "cache_bytes": cache_bytes,
        "memory_bytes": _peak_bytes(device),
        "available_bytes": available,
    }


def _decode(data: ImageData, batch_size: int) -> tuple[ImageBatch, float]:
    """A batch, made of as many different images as fit into the time, and the seconds that one takes."""
    pixels: list[torch.Tensor] = []
    started = time.perf_counter()
    while len(pixels) < min(len(data), batch_size):
        pixels.append(data.sample(len(pixels), epoch=0))
        if time.perf_counter() - started > DECODE_S:
            break
    decode_s = (time.perf_counter() - started) / len(pixels)
    indices = [position % len(pixels) for position in range(batch_size)]
    labels = torch.tensor([data.items[index].label for index in indices])
    return (torch.stack([pixels[index] for index in indices]), labels, torch.tensor(indices)), decode_s


def _step_seconds(task: ClassifyTask, batch: ImageBatch, config: ClassifyConfig, device: torch.device) -> float:
    """Median seconds of a step, without the first, which allocates."""
    parameters = [parameter for parameter in task.model.parameters() if parameter.requires_grad]
    optimizers = build_optimizers({"model": [ParameterGroup(parameters)]}, config.fit, device)
    precision = Precision(choose_format(config.fit.precision, device), device)
    torch.manual_seed(mix(config.seed, "fit"))
    on_device = tuple(part.to(device) for part in batch)
    task.model.train()
    times: list[float] = []
    started = time.perf_counter()
    while len(times) < 2 or (len(times) < MAX_STEPS and time.perf_counter() - started < STEPS_S):
        begin = time.perf_counter()
        with precision.autocast():
            loss = task.training_step(on_device).loss
        precision.backward(loss)
        for optimizer in optimizers.values():
            precision.step(optimizer, parameters, config.fit.clip_norm)
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
        answer = probe(parse_config(ClassifyConfig, json.load(sys.stdin)))
    except CodedError as error:
        answer = {"error": error.as_dict()}
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
