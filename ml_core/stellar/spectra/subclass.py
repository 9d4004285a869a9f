"""What the pipeline's SUBCLASS strings say: ``M1``, ``M1 (204445)``, ``M6III (148783)``, ``F3/F5V (30743)``."""

from __future__ import annotations

import re
from typing import Final

#: The classes of this domain, in their order from hot to cool; the label is the position.
CLASSES: Final = ("M0", "M1", "M2", "M3", "M4")
UNKNOWN: Final = -1

_SUBCLASS: Final = re.compile(r"\s*([sd]?)M([0-9])(?:\.\d)?\s*([IV]*)([a-b]*)\s*(?:\(\d+\))?\s*", re.IGNORECASE)


def label_of(subclass: str) -> int:
    """0..4 for a dwarf of M0..M4, else -1: another type, a giant (luminosity class other than V), or no type.

    A label is a pipeline's template match and not a person's: people place the same stars 0 to 1 types later.
    """
    found = _SUBCLASS.fullmatch(subclass)
    if found is None or found.group(3).upper() not in ("", "V") or found.group(1).lower() == "s":
        return UNKNOWN
    number = int(found.group(2))
    return number if number < len(CLASSES) else UNKNOWN


def class_of(label: int) -> str:
    """``M0``..``M4``, or empty for -1."""
    return CLASSES[label] if 0 <= label < len(CLASSES) else ""
