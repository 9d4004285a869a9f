"""Bounds of single predictions. Each is a Django setting ``INFER_<NAME>`` in capitals with the default given here."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver


@dataclass(frozen=True)
class Limits:
    """How much, how long.

    Attributes:
        max_batch: Images in one forward pass; 0 for 8 on a CPU, whose caches hold no more, and 32 on a GPU.
        lanes: Forward passes beside one another; 0 for one a core, at most 4, on a CPU, and 1 on a GPU.
        max_wait_s: Longest that a ready image waits for others which are being decoded.
        cache_bytes: Weights kept loaded, in bytes of their files; 0 for 2 GiB on a CPU and half the memory of a GPU.
        timeout_s: How long a client waits for an answer before it gets a 503.
        max_waiting: Requests that may wait in the queue before new ones are turned away.
        max_image_bytes: Size of one encoded image.
        rate_per_minute: Predictions one person may ask for in a minute.
        beat_s: How often a worker says that it lives.
        lost_s: Silence after which a worker counts as gone.
        top_k: Classes in an answer unless asked otherwise.
        decoders: Threads that decode images; 0 for one a core, at most 8.
        threads: Threads of one forward pass on a CPU; 0 for one a core.
    """

    max_batch: int = 0
    lanes: int = 0
    max_wait_s: float = 0.004
    cache_bytes: int = 0
    timeout_s: float = 30.0
    max_waiting: int = 256
    max_image_bytes: int = 32 * 1024 * 1024
    rate_per_minute: int = 6000
    beat_s: float = 0.5
    lost_s: float = 3.0
    top_k: int = 5
    decoders: int = 0
    threads: int = 0


@cache
def limits() -> Limits:
    """The bounds in force; read once, as every prediction asks for them."""
    chosen: dict[str, Any] = {
        field.name: getattr(settings, f"INFER_{field.name.upper()}", field.default) for field in fields(Limits)
    }
    return Limits(**chosen)


@receiver(setting_changed)
def read_again(setting: str, **_: Any) -> None:
    """Tests change settings."""
    if setting.startswith("INFER_"):
        limits.cache_clear()
