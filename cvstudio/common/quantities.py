"""How numbers are written for people: bytes, durations, counts."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

_BYTES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_COUNTS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
NOTHING = "–"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def scaled_bytes(value: Any) -> str:
    """Write bytes with binary units and three significant digits at most."""
    if not _is_number(value):
        return NOTHING
    size, unit = float(value), 0
    while abs(size) >= 1024 and unit < len(_BYTES) - 1:
        size, unit = size / 1024, unit + 1
    digits = 0 if unit == 0 or abs(size) >= 100 else 1
    return f"{size:.{digits}f} {_BYTES[unit]}"


def duration_text(seconds: Any) -> str:
    """Write a duration with its two largest units."""
    if not _is_number(seconds) or seconds < 0:
        return NOTHING
    if seconds < 1:
        return gettext("%(n)d ms") % {"n": round(seconds * 1000)}
    if seconds < 10:
        return gettext("%(n)s s") % {"n": f"{seconds:.1f}"}
    whole = round(seconds)
    if whole < 60:
        return gettext("%(n)s s") % {"n": whole}
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return gettext("%(m)d min %(s)02d s") % {"m": minutes, "s": rest}
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return gettext("%(h)d h %(m)02d min") % {"h": hours, "m": minutes}
    days, hours = divmod(hours, 24)
    return gettext("%(d)d d %(h)d h") % {"d": days, "h": hours}


def short_number(value: Any) -> str:
    """Write a large count with three significant digits: 11.7 M."""
    if not _is_number(value):
        return NOTHING
    for factor, suffix in _COUNTS:
        if abs(value) >= factor:
            return f"{value / factor:.3g} {suffix}"
    return f"{value:g}"
