"""Where to compute: choice of device, caps on CPU threads, and errors that say what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import psutil
import torch
from torch import Tensor, nn

from ml_core.errors import DeviceError
from ml_core.run.causes import OUT_OF_MEMORY_CODE, is_out_of_memory


def choose_device(wish: str, local_rank: int = 0) -> torch.device:
    """The device for a wish of ``auto``, ``cpu``, ``mps``, ``cuda`` or ``cuda:N``.

    Raises:
        DeviceError: The wished device is not there. No other one is taken silently.
    """
    if wish == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", local_rank)
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(wish)
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise DeviceError("There is no CUDA GPU here.", hint="Set device to auto or cpu.", where="device")
        index = local_rank if device.index is None else device.index
        if index >= torch.cuda.device_count():
            raise DeviceError(
                f"There is no GPU number {index}; this machine has {torch.cuda.device_count()}.",
                hint="Set device to auto.",
                where="device",
            )
        return torch.device("cuda", index)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise DeviceError("There is no Apple GPU here.", hint="Set device to auto or cpu.", where="device")
    return device


def available_cores() -> int:
    """Physical cores that this process may use. Two threads on one core slow each other down in dense arithmetic."""
    physical = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else physical
    return max(1, min(physical, usable))


def cap_threads(wish: int | None) -> int:
    """Set the number of CPU threads of this process and return it."""
    threads = wish or available_cores()
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)
    return threads


def has_images(model: nn.Module) -> bool:
    """Whether the model convolves images, for which the channels-last order exists."""
    return any(isinstance(module, nn.Conv2d | nn.ConvTranspose2d) for module in model.modules())


def use_channels_last(wish: Literal["auto", "on", "off"], device: torch.device, model: nn.Module) -> bool:
    """Whether to keep images channels-last.

    Automatic is on for CUDA and the CPU, where convolutions gain from a little to threefold (depthwise ones most).
    """
    return has_images(model) and (wish == "on" or (wish == "auto" and device.type in ("cuda", "cpu")))


def place(model: nn.Module, device: torch.device, channels_last: bool) -> nn.Module:
    """Move the model to ``device``; kept channels-last, its convolutions take any image in that order."""
    if channels_last:
        return model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
    return model.to(device)


def move(batch: Any, device: torch.device, channels_last: bool = False) -> Any:
    """A batch on ``device``. Tuples (named ones too), lists and dictionaries keep their form; the rest stays."""
    if isinstance(batch, Tensor):
        if channels_last and batch.dim() == 4:
            return batch.to(device, non_blocking=True, memory_format=torch.channels_last)
        return batch if batch.device == device else batch.to(device, non_blocking=True)
    if isinstance(batch, dict):
        return {key: move(value, device, channels_last) for key, value in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(move(value, device, channels_last) for value in batch))
    if isinstance(batch, tuple | list):
        return type(batch)(move(value, device, channels_last) for value in batch)
    return batch


@contextmanager
def explain_out_of_memory(batch_size: int) -> Iterator[None]:
    """Turn an exhausted memory into an error that names the cure."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise DeviceError(
            f"The memory is not enough for batches of {batch_size}.",
            code=OUT_OF_MEMORY_CODE,
            hint="Halve batch_size and double accumulate: the result is nearly the same. Or use smaller images.",
            where="fit.batch_size",
        ) from error
