"""Small structures of a scene by area openings and closings, from one component tree per channel and direction.

An area opening removes every bright connected component of a level set that has fewer pixels than the area; a closing
does so with dark ones. What is removed, the residue, is what is small and differs from its surroundings (L. Vincent,
"Morphological area openings and closings for grey-scale images", 1993). The tree that gives one area gives all.

A component reaches over any distance in tiles, so this is computed for the whole scene, channel by channel: a part of
a scene wider by the largest area on each side would give the same, but costs more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.morphology import area_opening, max_tree

Maps = NDArray[np.float32]

_LEAST_SIDE = 3  # of an image whose component tree the library can build


@dataclass(frozen=True)
class SmallStructures:
    """What is small in a scene.

    Attributes:
        residues: (areas, H, W) float32, Euclidean size over the channels of what openings and closings remove.
        changes: (kept areas, H, W, C) float32, what was removed, with its sign: the scene less the change is the
            scene without its small structures.
    """

    residues: Maps
    changes: Maps


def small_structures(
    coordinates: Maps,
    areas: Sequence[int],
    *,
    keep: Sequence[int] = (),
    workers: int = 1,
    progress: Callable[[float], None] | None = None,
) -> SmallStructures:
    """Find what is smaller than each area.

    Args:
        coordinates: (H, W, C) float32, such as half-whitened principal components.
        areas: In pixels; components with fewer are removed.
        keep: Those of ``areas`` whose changes are wanted channel by channel.
        workers: Channels that are computed at the same time.
        progress: Called with the share done.
    """
    height, width, channels = coordinates.shape
    kept = [areas.index(area) for area in keep]
    squares = np.zeros((len(areas), height, width), np.float32)
    changes = np.empty((len(kept), height, width, channels), np.float32)
    with ThreadPoolExecutor(workers) as pool:
        found = pool.map(lambda channel: _residues(coordinates[..., channel], areas), range(channels))
        for channel, (bright, dark) in enumerate(found):  # in order: sums of floats depend on it
            changes[..., channel] = bright[kept] - dark[kept]
            bright += dark
            squares += np.square(bright, out=bright)
            if progress:
                progress((channel + 1) / channels)
    return SmallStructures(np.sqrt(squares, out=squares), changes)


def _residues(channel: Maps, areas: Sequence[int]) -> tuple[Maps, Maps]:
    """Bright and dark residues (areas, H, W) of one channel."""
    values = np.ascontiguousarray(channel)
    return _opening_residues(values, areas), _opening_residues(-values, areas)


def _opening_residues(values: Maps, areas: Sequence[int]) -> Maps:
    """What area openings remove from one channel: (areas, H, W), never negative."""
    if min(values.shape) < _LEAST_SIDE:
        # A rim on the lowest level belongs to no component that could be removed.
        rimmed = np.pad(values, _LEAST_SIDE, constant_values=values.min())
        return _opening_residues(rimmed, areas)[:, _LEAST_SIDE:-_LEAST_SIDE, _LEAST_SIDE:-_LEAST_SIDE]
    parent, traverser = max_tree(values, connectivity=1)  # type: ignore[no-untyped-call]
    opened = [
        area_opening(values, min(area, values.size), 1, parent, traverser)  # type: ignore[no-untyped-call]
        for area in areas
    ]
    residues: Maps = (values - np.stack(opened)).astype(np.float32, copy=False)
    return residues
