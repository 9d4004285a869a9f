"""Wavelengths in whatever unit to nanometres."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_UNITS: Final = {
    "nm": 1.0, "nanometer": 1.0, "nanometers": 1.0, "nanometre": 1.0, "nanometres": 1.0,
    "um": 1e3, "µm": 1e3, "μm": 1e3, "micron": 1e3, "microns": 1e3, "micrometer": 1e3, "micrometers": 1e3,
    "micrometre": 1e3, "micrometres": 1e3,
    "mm": 1e6, "m": 1e9, "angstrom": 0.1, "angstroms": 0.1,
}  # fmt: skip
_SHORTEST_NM: Final = 100.0


def as_nanometres(values: NDArray[np.float64], unit: str = "") -> NDArray[np.float64] | None:
    """Wavelengths in nanometres; None where the values cannot be wavelengths.

    Without a unit it follows from the size: no sensor of ours sees below 100 nm, so smaller numbers are micrometres.

    Args:
        values: One for each band, all positive.
        unit: As a header names it; empty or unknown: by size.
    """
    if values.size < 2 or not np.isfinite(values).all() or values.min() <= 0:
        return None
    factor = _UNITS.get(unit.strip().lower().rstrip("."))
    if factor is None:
        factor = 1e3 if values.max() < _SHORTEST_NM else 1.0
    return np.asarray(values * factor, np.float64)
