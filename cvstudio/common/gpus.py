"""What NVML says about the GPUs of this machine. No GPU, or no driver, is an answer in words, not an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pynvml


class GpuReader:
    """Reads the GPUs; NVML is opened at the first reading and kept open until `close`."""

    def __init__(self) -> None:
        self._open = False
        self._reason = ""

    def read(self) -> dict[str, Any]:
        """Return ``{"available", "reason", "devices"}``; what a device does not tell is None.

        `processes` of a device maps process ids to bytes.
        """
        if not self._open and not self._start():
            return {"available": False, "reason": self._reason, "devices": []}
        try:
            devices = [_device(index) for index in range(pynvml.nvmlDeviceGetCount())]
        except pynvml.NVMLError as error:
            self.close()
            return {"available": False, "reason": str(error), "devices": []}
        return {"available": bool(devices), "reason": "" if devices else "no_device", "devices": devices}

    def close(self) -> None:
        """Let NVML go."""
        if self._open:
            self._open = False
            _or_none(pynvml.nvmlShutdown)

    def _start(self) -> bool:
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError_LibraryNotFound:
            self._reason = "no_driver"
        except pynvml.NVMLError as error:
            self._reason = str(error)
        else:
            self._open = True
        return self._open


def _device(index: int) -> dict[str, Any]:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    memory = _or_none(pynvml.nvmlDeviceGetMemoryInfo, handle)
    use = _or_none(pynvml.nvmlDeviceGetUtilizationRates, handle)
    power = _or_none(pynvml.nvmlDeviceGetPowerUsage, handle)
    limit = _or_none(pynvml.nvmlDeviceGetEnforcedPowerLimit, handle)
    name = _or_none(pynvml.nvmlDeviceGetName, handle)
    processes = _or_none(pynvml.nvmlDeviceGetComputeRunningProcesses, handle)
    return {
        "index": index,
        "name": name.decode() if isinstance(name, bytes) else name or f"GPU {index}",
        "percent": use.gpu if use else None,
        "memory_used": memory.used if memory else None,
        "memory_total": memory.total if memory else None,
        "temperature_c": _or_none(pynvml.nvmlDeviceGetTemperature, handle, pynvml.NVML_TEMPERATURE_GPU),
        "power_w": power / 1000 if power is not None else None,
        "power_limit_w": limit / 1000 if limit is not None else None,
        "processes": None if processes is None else {each.pid: each.usedGpuMemory or 0 for each in processes},
    }


def _or_none(question: Callable[..., Any], *arguments: Any) -> Any:
    """Ask, and take "this card does not say" (virtual and MIG devices) as None."""
    try:
        return question(*arguments)
    except pynvml.NVMLError:
        return None
