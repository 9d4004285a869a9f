"""What is measured without any learning: small structures and ring distances, over all sizes of targets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_core.hsi.anomaly.area_filter import small_structures
from ml_core.hsi.anomaly.fusion import mean_vote
from ml_core.hsi.anomaly.ring import Ring, ring_distances

Maps = NDArray[np.float32]

# Each about twice the one before, up to beyond the largest targets: no size has to be known. Specks of fewer pixels
# than the smallest area are mostly noise where nothing has learned to tell them.
AREAS = (12, 25, 50, 100, 200)
RINGS = (Ring(5, 11), Ring(9, 15), Ring(13, 21), Ring(19, 31, 2), Ring(25, 41, 3))
RING_COMPONENTS = 8  # distances in more components drown in noise


def training_free(residues: Maps, distances: Maps) -> Maps:
    """Mean of area filter and ring distances over all sizes: what can be had without learning.

    Args:
        residues: (areas, H, W), see `small_structures`.
        distances: (rings, H, W), see `ring_distances`.
    """
    return mean_vote([mean_vote(list(residues)), mean_vote(list(distances))])


def training_free_of(coordinates: Maps) -> Maps:
    """`training_free` of (H, W, C) half-whitened components, on one core."""
    residues = small_structures(coordinates, AREAS).residues
    return training_free(residues, ring_distances(coordinates[..., :RING_COMPONENTS], RINGS))
