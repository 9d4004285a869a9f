"""Signal to noise of a spectrum, and the specification's two groups of stars by it."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

SnGroup = Literal["low", "high"]

#: Below: the low group, "S/N < 5". A star of exactly 5 belongs to the high one.
GROUP_LIMIT: Final = 5.0


def median_snr(flux: NDArray[np.floating], ivar: NDArray[np.floating]) -> float:
    """Median of flux x sqrt(ivar) over the pixels with ivar > 0, as ``SN_MEDIAN_ALL`` of SDSS; 0 where none is."""
    good = ivar > 0
    if not good.any():
        return 0.0
    return float(np.median(flux[good] * np.sqrt(ivar[good])))


def snr_group(sn: float) -> SnGroup:
    """The group of a star: ``low`` for S/N < 5, else ``high``."""
    return "high" if sn >= GROUP_LIMIT else "low"
