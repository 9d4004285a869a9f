"""Tells processes of this machine apart for good: process ids are used again, start times are not."""

from __future__ import annotations

import socket
from functools import cache
from pathlib import Path
from typing import Any

import psutil

Mark = dict[str, Any]
"""``{"pid": 123, "started": 1700000000.25}``."""


@cache
def this_host() -> str:
    """A name for the place where process ids of this process mean something (containers have their own)."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    return f"{socket.gethostname()} {namespace}".strip()


def mark_of(pid: int) -> Mark:
    """The mark of a living process; without a start time when it is gone already."""
    try:
        return {"pid": pid, "started": psutil.Process(pid).create_time()}
    except psutil.NoSuchProcess:
        return {"pid": pid, "started": 0.0}


def is_alive(mark: Mark | None) -> bool:
    """Whether the marked process of this host still runs. A zombie does not."""
    if not mark or not mark.get("started"):
        return False
    try:
        process = psutil.Process(mark["pid"])
        return process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - mark["started"]) < 1.0
    except psutil.NoSuchProcess:
        return False
