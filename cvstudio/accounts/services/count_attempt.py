"""Counts attempts to log in or register, so that nobody can guess passwords or flood the user table."""

from __future__ import annotations

import hashlib
import time

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured

from cvstudio.accounts.errors import ThrottledError

PERIODS_S = {"sec": 1, "min": 60, "hour": 3600, "day": 86400}


def parse_rate(rate: str) -> tuple[int, int]:
    """`10/min` as (10, 60).

    Raises:
        ImproperlyConfigured: It is not a number and a period.
    """
    number, _, period = rate.partition("/")
    if not number.isdigit() or period not in PERIODS_S:
        raise ImproperlyConfigured(f"A rate is written like 10/min or 5/hour, not {rate!r}.")
    return int(number), PERIODS_S[period]


def count_attempt(scope: str, who: str) -> None:
    """Count one attempt in the current period.

    Args:
        scope: A key of `settings.RATES`.
        who: A client address or a login name. Only its hash is kept.

    Raises:
        ThrottledError: This period's attempts are used up.
    """
    allowed, period_s = parse_rate(settings.RATES[scope])
    now = int(time.time())
    digest = hashlib.sha256(who.lower().encode()).hexdigest()[:32]
    key = f"attempts:{scope}:{digest}:{now // period_s}"
    cache.add(key, 0, timeout=period_s)
    try:
        count = cache.incr(key)
    except ValueError:  # it expired between the two calls
        return
    if count > allowed:
        raise ThrottledError("Too many attempts.", wait_s=period_s - now % period_s)


def count_login(address: str, login: str) -> None:
    """Count an attempt to log in against the client's address and against the account's name."""
    count_attempt("login", address)
    count_attempt("login_account", login)
