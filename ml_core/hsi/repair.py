"""Replaces values that are missing, and keeps account of it: nothing is repaired silently.

A band that is missing in most pixels becomes a bad band. A pixel of which a part is missing is interpolated over its
bands. A pixel of which most is missing is invalid: it gets the mean spectrum of the scene, which no detector finds
remarkable, and is marked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.hsi.formats.stored import blocks
from ml_core.hsi.measure_scene import Measurement, Progress, is_missing

#: A band or pixel of which a larger share is missing is given up.
GIVEN_UP_SHARE: Final = 0.5

_BLOCK_BYTES: Final = 16 << 20


@dataclass(frozen=True)
class RepairPlan:
    """What is to be repaired.

    Attributes:
        lost_bands: (B,) bands that are missing in most pixels.
        partial: (H, W) pixels to interpolate.
        invalid: (H, W) pixels that were not measured.
        fill: (B,) the mean spectrum.
    """

    lost_bands: NDArray[np.bool_]
    partial: NDArray[np.bool_]
    invalid: NDArray[np.bool_]
    fill: NDArray[np.float64]

    @property
    def is_needed(self) -> bool:
        """Whether anything is missing."""
        return bool(self.lost_bands.any() or self.partial.any() or self.invalid.any())


def plan_repair(cube: NDArray[Any], measured: Measurement, nodata: float | None = None) -> RepairPlan:
    """Decide what happens to the missing values of a measured cube.

    Bands that are lost are left aside first; a pixel is judged by its other bands.
    """
    # A pixel missing in all bands says nothing about a band.
    dead = measured.missing_pixels == measured.shape[2]
    alive = max(1, measured.pixels - int(dead.sum()))
    lost = (measured.missing_bands - int(dead.sum())) > GIVEN_UP_SHARE * alive
    left = max(1, int((~lost).sum()))
    missing = measured.missing_pixels.copy()
    if lost.any():
        for start, stop in blocks(len(cube), cube.nbytes, _BLOCK_BYTES):
            missing[start:stop] = is_missing(np.asarray(cube[start:stop]), nodata)[..., ~lost].sum(axis=2)
    invalid = missing > GIVEN_UP_SHARE * left
    fill = np.nan_to_num(measured.mean, nan=0.0)
    return RepairPlan(lost, (missing > 0) & ~invalid, invalid, fill)


def repair_cube(
    cube: NDArray[Any], plan: RepairPlan, *, nodata: float | None = None, progress: Progress | None = None
) -> int:
    """Repair a writable cube (H, W, B) in place.

    Returns:
        Number of values that were replaced.
    """
    replaced = 0
    fill = np.rint(plan.fill) if cube.dtype.kind != "f" else plan.fill
    for start, stop in blocks(len(cube), cube.nbytes, _BLOCK_BYTES):
        rows = np.asarray(cube[start:stop])
        missing = is_missing(rows, nodata)
        if missing.any():
            replaced += int(missing.sum())
            _fill_rows(rows, missing, plan, fill, slice(start, stop))
        if progress is not None:
            progress(stop, len(cube))
    return replaced


def _fill_rows(
    rows: NDArray[Any], missing: NDArray[np.bool_], plan: RepairPlan, fill: NDArray[np.float64], where: slice
) -> None:
    kept = np.flatnonzero(~plan.lost_bands)
    for row, column in zip(*np.nonzero(plan.partial[where]), strict=True):
        spectrum, gaps = rows[row, column], missing[row, column]
        known = kept[~gaps[kept]]
        holes = kept[gaps[kept]]
        values = np.interp(holes, known, spectrum[known].astype(np.float64))
        spectrum[holes] = np.rint(values) if rows.dtype.kind != "f" else values
    rows[plan.invalid[where]] = fill.astype(rows.dtype)
    rows[..., plan.lost_bands] = np.where(
        missing[..., plan.lost_bands], fill[plan.lost_bands].astype(rows.dtype), rows[..., plan.lost_bands]
    )
