"""Lists of numbers as people write them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from django.utils.translation import gettext as _

from hsi.errors import SceneError

MAX_BAND = 100_000


def parse_numbers(text: str) -> list[float]:
    """Numbers separated by spaces, commas, semicolons or lines.

    Raises:
        SceneError: A part is no finite number.
    """
    found = []
    for part in re.split(r"[\s,;]+", text.strip()):
        if not part:
            continue
        try:
            value = float(part)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            message = _("“%(part)s” is no number.") % {"part": part[:40]}
            raise SceneError(message, hint=_("Separate numbers by spaces, commas or lines."))
        found.append(value)
    return found


def parse_ranges(text: str) -> list[int]:
    """Band numbers and ranges such as ``0-3, 104-110``, rising and each once.

    Raises:
        SceneError: A part is neither a number nor a range.
    """
    found: set[int] = set()
    for part in re.split(r"[\s,;]+", re.sub(r"\s*[-–]\s*", "-", text.strip())):
        if not part:
            continue
        match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last or last > MAX_BAND:
            message = _("“%(part)s” is no band and no range of bands.") % {"part": part[:40]}
            raise SceneError(message, hint=_("Write band numbers from 0 and ranges, such as 0-3, 104-110."))
        found.update(range(first, last + 1))
    return sorted(found)


def write_ranges(numbers: Iterable[int]) -> str:
    """The shortest text that `parse_ranges` reads back."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
