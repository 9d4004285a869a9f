"""How far a run is, how fast it goes, and when it will be done."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

_WINDOW_S = 30.0
_REPORT_EVERY_S = 0.5


class ProgressMeter:
    """Turns counts into progress events at a bounded rate.

    The rate is taken over the last 30 seconds, so that the remaining time follows a change of speed
    without jumping with every item.
    """

    def __init__(self, report_every_s: float = _REPORT_EVERY_S) -> None:
        self._report_every_s = report_every_s
        self._count: tuple[float | None, str] | None = None
        self._samples: deque[tuple[float, float]] = deque()
        self._last_report = 0.0

    def update(self, done: float, total: float | None, unit: str, stage: str) -> dict[str, Any] | None:
        """Note a position.

        Returns:
            The data of a progress event, or ``None`` when the last one is too recent. The first and the last
            position of a count are always reported; ``stage`` is a label that may change on the way.
        """
        now = time.monotonic()
        is_restart = (total, unit) != self._count or bool(self._samples and done < self._samples[-1][1])
        is_end = total is not None and done >= total
        if not is_restart and not is_end and now - self._last_report < self._report_every_s:
            return None
        if is_restart:
            self._count = (total, unit)
            self._samples.clear()
        self._last_report = now
        self._samples.append((now, done))
        while len(self._samples) > 2 and now - self._samples[0][0] > _WINDOW_S:
            self._samples.popleft()
        elapsed, advanced = now - self._samples[0][0], done - self._samples[0][1]
        rate = advanced / elapsed if elapsed > 0 and advanced > 0 else None
        eta_s = (total - done) / rate if total is not None and rate else (0.0 if is_end else None)
        return {
            "done": done,
            "total": total,
            "unit": unit,
            "rate": round(rate, 4) if rate else None,
            "eta_s": round(eta_s, 1) if eta_s is not None else None,
            "stage": stage,
        }
