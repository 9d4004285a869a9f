"""What psutil says about this machine: processors, memory, and the disks that hold our folders."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings

FOLDERS = (
    ("data", "DATA_DIR"),
    ("uploads", "UPLOAD_DIR"),
    ("data sets", "DATASETS_DIR"),
    ("models", "MODELS_DIR"),
    ("checkpoints", "CHECKPOINTS_DIR"),
    ("runs", "RUNS_DIR"),
    ("weights", "WEIGHTS_DIR"),
    ("temporary files", "TEMP_DIR"),
)


class CpuMeter:
    """Measures the load between two readings. (psutil's own counter starts anew in every thread.)"""

    def __init__(self) -> None:
        self._last = _busy_and_total()

    def read(self) -> dict[str, Any]:
        """Return the load since the last reading: in percent over all processors and for each."""
        now = _busy_and_total()
        cores = [
            round(100.0 * (busy - busy_before) / (total - total_before), 1) if total > total_before else 0.0
            for (busy, total), (busy_before, total_before) in zip(now, self._last, strict=False)
        ]
        self._last = now
        return {
            "percent": sum(cores) / len(cores) if cores else 0.0,
            "cores": cores,
            "count": len(cores),
            "load": [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else [],
        }


def _busy_and_total() -> list[tuple[float, float]]:
    """Seconds at work and seconds in all of each processor since the machine started."""
    seconds = []
    for times in psutil.cpu_times(percpu=True):
        # Guests are contained in user and nice already.
        total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        seconds.append((total - times.idle - getattr(times, "iowait", 0.0), total))
    return seconds


def read_memory() -> dict[str, Any]:
    """Return bytes of memory and swap; `used` is what cannot be had without swapping."""
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    return {
        "total": memory.total,
        "used": memory.total - memory.available,
        "percent": memory.percent,
        "swap_total": swap.total,
        "swap_used": swap.used,
        "web_process": psutil.Process().memory_info().rss,
    }


def read_disks() -> list[dict[str, Any]]:
    """Return the disks that our folders lie on, each once, with the folders that share it."""
    disks: dict[int, dict[str, Any]] = {}
    for name, setting in FOLDERS:
        folder = _existing(Path(getattr(settings, setting)))
        device = folder.stat().st_dev
        if device not in disks:
            use = psutil.disk_usage(str(folder))
            disks[device] = {"folders": [], "total": use.total, "used": use.used, "free": use.free}
            disks[device]["percent"] = 100.0 * (use.total - use.free) / use.total if use.total else 0.0
        disks[device]["folders"].append(name)
    return list(disks.values())


def facts() -> dict[str, Any]:
    """Return what does not change while the machine runs."""
    return {
        "host": platform.node(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "processors": psutil.cpu_count(logical=True),
        "cores": psutil.cpu_count(logical=False),
        "memory": psutil.virtual_memory().total,
        "started": psutil.boot_time(),
    }


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    while not folder.exists():
        folder = folder.parent
    return folder
