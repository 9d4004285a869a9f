"""What is remarkable about a scene: each finding with a sentence, a cure, and the bands or pixels it concerns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ml_core.hsi.measure_scene import Measurement
from ml_core.hsi.repair import RepairPlan

Severity = Literal["error", "warning", "info"]

#: Neighbours explain nearly all of a good band; below this share it is mostly noise.
NOISY_EXPLAINED: Final = 0.5
#: A patch of the specification.
PATCH: Final = 11

_ORDER: Final = {"error": 0, "warning": 1, "info": 2}
_MAX_POSITIONS: Final = 500
_FEW_BANDS: Final = 10
_CEILING_COUNT, _CEILING_SHARE = 20, 1e-5
_WATER_NM: Final = ((1340.0, 1460.0), (1790.0, 1960.0), (2450.0, 2600.0))


def finding(
    code: str, severity: Severity, count: int, message: str, hint: str, *,
    bands: NDArray[np.bool_] | None = None, pixels: NDArray[np.bool_] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """One finding as JSON; positions are (row, column), at most 500."""
    return {
        "code": code, "severity": severity, "count": int(count), "message": message, "hint": hint,
        "bands": [] if bands is None else np.flatnonzero(bands).tolist(),
        "positions": [] if pixels is None else np.argwhere(pixels)[:_MAX_POSITIONS].tolist(),
    }  # fmt: skip


def find_in_scene(
    measured: Measurement,
    plan: RepairPlan,
    *,
    listed_bad: NDArray[np.bool_],
    explained: NDArray[np.float64],
    wavelengths: NDArray[np.float64] | None,
    anomalies: int | None,
) -> list[dict[str, Any]]:
    """All findings, gravest first.

    Args:
        measured: The cube as it was before any repair.
        plan: What was repaired.
        listed_bad: (B,) bands that the file or a person calls bad.
        explained: (B,) share of each band's variance that its neighbours explain, NaN where unknown.
        wavelengths: (B,) in nanometres, or None.
        anomalies: Marked pixels; None without a mask.
    """
    found = [
        *_about_missing(measured, plan),
        *_about_bands(measured, plan, listed_bad, explained, wavelengths),
        *_about_values(measured),
        *_about_size(measured, anomalies),
    ]
    return sorted(found, key=lambda entry: _ORDER[entry["severity"]])


def _about_missing(measured: Measurement, plan: RepairPlan) -> Iterator[dict[str, Any]]:
    if plan.lost_bands.any():
        count = int(plan.lost_bands.sum())
        yield finding("missing_bands", "warning", count,
                      f"Bands without a value in most pixels, now marked as bad: {count:,}.",
                      "They are left out of every method.", bands=plan.lost_bands)  # fmt: skip
    if plan.partial.any():
        count = int(plan.partial.sum())
        yield finding("repaired_pixels", "warning", count,
                      f"Pixels with NaN, infinite or missing values, interpolated over their bands: {count:,}.",
                      "Look at them before you trust an anomaly there.", pixels=plan.partial)  # fmt: skip
    if plan.invalid.any():
        count = int(plan.invalid.sum())
        yield finding("invalid_pixels", "warning", count,
                      f"Pixels without values in most bands, filled from their neighbours and marked: {count:,}.",
                      "They are no part of the scene: nothing is found there.", pixels=plan.invalid)  # fmt: skip
    empty = measured.zero_pixels & ~plan.invalid
    if empty.any():
        count = int(empty.sum())
        yield finding("zero_pixels", "warning", count, f"Pixels that are 0 in all bands: {count:,}.",
                      "Cut the empty border away: it disturbs every method.", pixels=empty)  # fmt: skip


def _about_bands(
    measured: Measurement, plan: RepairPlan, listed: NDArray[np.bool_], explained: NDArray[np.float64],
    wavelengths: NDArray[np.float64] | None,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    constant = measured.constant & ~plan.lost_bands
    if constant.any():
        count = int(constant.sum())
        yield finding("constant_bands", "warning", count,
                      f"Bands with the same value everywhere, now marked as bad: {count:,}.",
                      "They are left out of every method.", bands=constant)  # fmt: skip
    if listed.any():
        yield finding("listed_bad_bands", "info", int(listed.sum()),
                      f"Bands that are listed as bad: {int(listed.sum()):,}.", "They are left out of every method.",
                      bands=listed)  # fmt: skip
    noisy = np.nan_to_num(explained, nan=1.0) < NOISY_EXPLAINED
    noisy &= ~(constant | listed | plan.lost_bands)
    if noisy.any():
        count = int(noisy.sum())
        where = ""
        if wavelengths is not None:
            water = np.zeros_like(noisy)
            for low, high in _WATER_NM:
                water |= (wavelengths >= low) & (wavelengths <= high)
            if (noisy & water).any():
                where = f" {int((noisy & water).sum()):,} of them lie where water vapour takes the light."
        yield finding("suspected_bad_bands", "warning", count,
                      f"Bands that hold more noise than signal: {count:,}.{where}",
                      "Look at them and add them to the list of bad bands.", bands=noisy)  # fmt: skip


def _about_values(measured: Measurement) -> Iterator[dict[str, Any]]:
    values = measured.pixels * measured.shape[2]
    if measured.negatives:
        yield finding("negative_values", "info", measured.negatives,
                      f"Negative values: {measured.negatives:,} ({measured.negatives / values:.2%}).",
                      "Small ones come from the correction of the atmosphere and are kept as they are.")  # fmt: skip
    if measured.ceiling >= max(_CEILING_COUNT, _CEILING_SHARE * values):
        top = float(np.nanmax(measured.high))
        yield finding("saturated", "warning", measured.ceiling,
                      f"Values at the ceiling of {top:g}: {measured.ceiling:,}, as a saturated sensor gives.",
                      "Bright targets there have lost their spectrum.")  # fmt: skip


def _about_size(measured: Measurement, anomalies: int | None) -> Iterator[dict[str, Any]]:
    height, width, bands = measured.shape
    if min(height, width) < PATCH:
        yield finding("tiny_scene", "warning", 1,
                      f"The scene has {height} x {width} pixels, less than a patch of {PATCH} x {PATCH}.",
                      "It is mirrored at its borders; statistics of so few pixels are weak.")  # fmt: skip
    elif height * width <= bands:
        yield finding("few_pixels", "warning", 1,
                      f"The scene has no more pixels ({height * width:,}) than bands ({bands:,}).",
                      "Detectors that need a covariance are weak here: bring a larger scene.")  # fmt: skip
    if bands < _FEW_BANDS:
        yield finding("few_bands", "warning", 1, f"The scene has only {bands} bands.",
                      "Anomalies are found by their spectrum: more bands tell more.")  # fmt: skip
    if anomalies == 0:
        yield finding("empty_mask", "warning", 1, "The mask marks nothing.", "No score can be computed with it.")
    elif anomalies is not None and anomalies > measured.pixels // 2:
        yield finding("large_mask", "warning", anomalies,
                      f"The mask marks {anomalies / measured.pixels:.0%} of the pixels.",
                      "It is likely inverted: 1 is for anomalies.")  # fmt: skip
