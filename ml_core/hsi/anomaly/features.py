"""What is measured at a pixel against its surroundings, free of signs, order and units of the components."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_core.hsi.anomaly.ring import Ring

Maps = NDArray[np.float32]

# Each about twice the one before, from single pixels to beyond the largest targets: no size has to be known.
AREAS = (3, 6, 12, 25, 50, 100, 200)
RINGS = (Ring(5, 11), Ring(9, 15), Ring(13, 21), Ring(19, 31, 2), Ring(25, 41, 3))
RING_COMPONENTS = 8  # distances in more components drown in noise

FREE_AREAS = range(2, len(AREAS))  # without learning, specks of a few pixels are mostly noise

_FLOOR = 0.05  # of the unit; what is less tells nothing, and the logarithm needs an end


@dataclass(frozen=True)
class Measured:
    """Maps of one scene in one unit.

    Attributes:
        residues: (areas, H, W) float32, see `small_structures`.
        distances: (rings, H, W) float32, see `ring_distances`.
    """

    residues: Maps
    distances: Maps

    def logarithms(self) -> Maps:
        """(areas + rings, H, W) float32: log of each map over the scene's median distance, the same for all sensors."""
        unit = float(np.median(self.distances[1]))
        maps = np.concatenate([self.residues, self.distances])
        maps /= max(unit, 1e-12)
        maps += _FLOOR
        np.log(maps, out=maps)
        return maps


FEATURES = len(AREAS) + len(RINGS)
