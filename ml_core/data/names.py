"""Order of names as people expect it."""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = re.compile(r"([0-9]+)")


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sorts ``class2`` before ``class10``, whatever the case; equal keys are told apart by the name itself."""
    parts = _DIGITS.split(name)
    # int() refuses thousands of digits, and no one counts that far.
    keys = [(0, int(part[:18]), part) if part.isdecimal() else (1, 0, part.casefold()) for part in parts if part]
    return keys, name
