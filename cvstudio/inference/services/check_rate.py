"""Counts the predictions of one person, so that nobody takes the worker for himself."""

from __future__ import annotations

import time
from uuid import UUID

from django.core.cache import cache

from cvstudio.inference.errors import QuotaError
from cvstudio.inference.limits import limits

_PERIOD_S = 60


def check_rate(user_id: UUID | int) -> None:
    """Count one prediction in the current minute. Costs no query.

    Raises:
        QuotaError: This minute's predictions are used up.
    """
    now = int(time.time())
    key = f"infer:rate:{user_id}:{now // _PERIOD_S}"
    cache.add(key, 0, timeout=2 * _PERIOD_S)
    try:
        count = cache.incr(key)
    except ValueError:  # it expired between the two calls
        return
    allowed = limits().rate_per_minute
    if count > allowed:
        wait_s = _PERIOD_S - now % _PERIOD_S
        raise QuotaError(f"At most {allowed:,} predictions a minute are answered for one person.", wait_s=wait_s)
