"""Which of the bands g, r, i an image shows, by what the answer says about it.

Names differ between archives (``iSDSS``, ``SDSS i``, ``J-PLUS_i``, ``i.MP9702``), so names are tried first and limits
of wavelength second; a title is the last resort.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Band = Literal["i", "r", "g"]
BANDS: tuple[Band, ...] = ("i", "r", "g")

# The broad bands of SDSS: their middle lies here, and they are broad. J0515, J0660 and J0861 of J-PLUS are narrow.
_MIDDLES: dict[Band, tuple[float, float]] = {"g": (4300e-10, 5300e-10), "r": (5800e-10, 6700e-10),
                                             "i": (7000e-10, 8200e-10)}  # fmt: skip
_NARROWEST = 700e-10
_PREFIXES = re.compile(r"^(jplus|jpas|splus|sdss|ps1|panstarrs|decam|filter|band)+")
_TITLE = re.compile(r"(?<![a-z0-9])(?:([gri])[ _-]?sdss|sdss[ _.-]?([gri])|(?:band|filter)[ _:=-]*([gri]))(?![a-z0-9])",
                    re.IGNORECASE)  # fmt: skip


@dataclass(frozen=True)
class FoundBand:
    """A band and how it was recognised: ``name``, ``wavelength`` or ``title``, with the text that said so."""

    band: Band
    evidence: str
    said: str


def find_band(
    names: Sequence[str], limits: tuple[float, float] | None, title: str, extra: Mapping[str, Sequence[str]]
) -> FoundBand | None:
    """The band of an image, or ``None`` for another one.

    Args:
        names: Names of the band or filter from the answer.
        limits: Shortest and longest wavelength in metres.
        title: The image's title.
        extra: Further names of each band, compared without regard to case.
    """
    for name in names:
        for band in BANDS:
            if name.casefold() in {known.casefold() for known in extra.get(band, ())}:
                return FoundBand(band, "name", name)
        found = _by_name(name)
        if found:
            return FoundBand(found, "name", name)
    if limits is not None and all(map(math.isfinite, limits)) and 0 < limits[0] < limits[1]:
        middle = sum(limits) / 2
        for band, (low, high) in _MIDDLES.items():
            if low <= middle <= high and limits[1] - limits[0] >= _NARROWEST:
                return FoundBand(band, "wavelength", f"{limits[0]:.4g}-{limits[1]:.4g} m")
        return None
    match = None if any(names) else _TITLE.search(title)
    if match:
        letter = next(group for group in match.groups() if group).lower()
        return next(FoundBand(band, "title", title) for band in BANDS if band == letter)
    return None


def _by_name(name: str) -> Band | None:
    plain = _PREFIXES.sub("", re.sub(r"[^a-z0-9]", "", name.casefold()))
    for band in BANDS:
        if plain in {band, f"{band}sdss", f"{band}band", f"{band}prime"}:
            return band
    return None
