"""Replaces values that are missing, and keeps account of it: nothing is repaired silently.

A band that is missing in most pixels becomes a bad band. A pixel of which a part is missing is interpolated over its
bands. A pixel of which most is missing is invalid: it repeats the nearest measured pixel, so that it stands out in no
neighbourhood, and is marked.
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
    """

    lost_bands: NDArray[np.bool_]
    partial: NDArray[np.bool_]
    invalid: NDArray[np.bool_]

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
    return RepairPlan(lost, (missing > 0) & ~invalid, invalid)


def repair_cube(
    cube: NDArray[Any], plan: RepairPlan, *, nodata: float | None = None, progress: Progress | None = None
) -> int:
    """Repair a writable cube (H, W, B) in place.

    Returns:
        Number of values that were replaced.
    """
    replaced = 0
    for start, stop in blocks(len(cube), cube.nbytes, _BLOCK_BYTES):
        rows = np.asarray(cube[start:stop])
        missing = is_missing(rows, nodata)
        if missing.any():
            replaced += int(missing.sum())
            partial = plan.partial[start:stop]
            rows[partial] = _interpolated(rows[partial], missing[partial], ~plan.lost_bands)
            lost = missing & plan.lost_bands
            rows[lost] = 0
        if progress is not None:
            progress(stop, len(cube))
    _fill_invalid(cube, plan)
    return replaced


def _interpolated(spectra: NDArray[Any], missing: NDArray[np.bool_], kept: NDArray[np.bool_]) -> NDArray[Any]:
    """(N, B) spectra with the gaps in the kept bands filled linearly, at the ends by the nearest value."""
    known = ~missing[:, kept]
    bands = known.shape[1]
    index = np.arange(bands)
    before = np.maximum.accumulate(np.where(known, index, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, index, bands)[:, ::-1], axis=1)[:, ::-1]
    left = np.where(before < 0, after, before)
    right = np.where(after >= bands, before, after)
    share = (index - left) / np.maximum(right - left, 1)
    values = np.where(known, spectra[:, kept].astype(np.float64), 0.0)
    first, second = np.take_along_axis(values, left, axis=1), np.take_along_axis(values, right, axis=1)
    filled = first + share * (second - first)
    repaired = spectra.copy()
    plain = np.rint(filled) if spectra.dtype.kind != "f" else filled
    repaired[:, kept] = np.where(known, spectra[:, kept], plain.astype(spectra.dtype))
    return repaired


def _fill_invalid(cube: NDArray[Any], plan: RepairPlan) -> None:
    """Give each invalid pixel the spectrum of the nearest one that was measured."""
    if not plan.invalid.any() or plan.invalid.all():
        return
    from scipy import ndimage  # the web process imports this module, and starts without scipy

    nearest = ndimage.distance_transform_edt(plan.invalid, return_distances=False, return_indices=True)
    rows, columns = np.nonzero(plan.invalid)
    step = max(1, _BLOCK_BYTES // max(1, cube[0, :1].nbytes))
    for start in range(0, len(rows), step):
        row, column = rows[start : start + step], columns[start : start + step]
        cube[row, column] = cube[nearest[0, row, column], nearest[1, row, column]]
