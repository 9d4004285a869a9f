"""Names of SDSS spectra and identifiers of stars."""

from __future__ import annotations

import re
from typing import Final

_FILE: Final = re.compile(r"spec-(\d{4,6})-(\d{5})-(\d{4})(?:-[\w-]+)?\.fits", re.IGNORECASE)


def spectrum_file(plate: int, mjd: int, fiber: int) -> str:
    """``spec-pppp-mmmmm-ffff.fits``; plates beyond 9999 (SDSS-IV, SDSS-V) take the digits they need."""
    return f"spec-{plate:04d}-{mjd:05d}-{fiber:04d}.fits"


def parse_spectrum_file(name: str) -> tuple[int, int, int] | None:
    """Plate, MJD and fibre that a file's name says, or None."""
    found = _FILE.fullmatch(name)
    return None if found is None else (int(found.group(1)), int(found.group(2)), int(found.group(3)))


def specobjid_parts(name: str) -> tuple[int, int, int] | None:
    """Plate, MJD and fibre inside a specObjID, or None where the name is none.

    Source: the SDSS DR16 schema, ``fSpecidFromSDSS``: plate << 50 | fibre << 38 | (MJD - 50000) << 24 | run2d << 10.
    """
    if not name.isdecimal() or not name.isascii() or len(name) > 20:
        return None
    number = int(name)
    plate, fiber, mjd = number >> 50, number >> 38 & 0xFFF, (number >> 24 & 0x3FFF) + 50_000
    return (plate, mjd, fiber) if 0 < plate < 1 << 14 and fiber else None
