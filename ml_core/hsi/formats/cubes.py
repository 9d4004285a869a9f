"""Reads an array as a cube: how likely it is one, and in which order its axes are."""

from __future__ import annotations

import math
import re
from typing import Final

from ml_core.hsi.formats.axis_order import AxisReading, guess_order
from ml_core.hsi.formats.candidates import Candidate, Found, shape_text
from ml_core.hsi.formats.masks import squeezed
from ml_core.hsi.formats.stored import MAX_INSPECTED_BYTES

#: Fewer bands than this are a photograph.
MIN_BANDS: Final = 4

_NAMES: Final = re.compile(r"cube|data|hsi|hyper|image|img|scene|spectr|refl|radian", re.IGNORECASE)


def cube_candidate(
    found: Found, arrays: list[Found], planes: list[tuple[int, ...]], wavelengths: set[int]
) -> Candidate | None:
    """The reading of an array as cube; None where it has not three axes or holds no numbers.

    Args:
        found: The array.
        arrays: All arrays of the scene's files, this one included.
        planes: Shapes of arrays that look like masks.
        wavelengths: Lengths of lists that look like wavelengths.
    """
    stored = found.stored
    if stored.refusal or stored.dtype.kind == "b" or len(stored.shape) != 3 or 0 in stored.shape:
        return None
    if len(squeezed(stored.shape)) < 2 or (len(squeezed(stored.shape)) == 2 and not found.source.fixed_axes):
        return None
    reading = _axes(found, planes, wavelengths)
    bands = stored.shape[reading.order.index("B")]
    score, evidence, warnings = 0.6, [f"It has three axes, {shape_text(stored.shape)}.", *reading.evidence], []
    if bands < MIN_BANDS:
        score -= 0.4
        evidence.append(f"It has only {bands} bands, as a photograph has." if bands > 1 else "It has a single band.")
    if reading.margin < 0.15:
        score -= 0.2
        warnings.append("The order of the axes is uncertain: look at the picture and correct it where it is wrong.")
    if _NAMES.search(stored.key):
        score += 0.1
        evidence.append(f'Its name fits a cube: "{stored.key}".')
    if stored.nbytes >= max(other.stored.nbytes for other in arrays if len(other.stored.shape) == 3):
        score += 0.2
        evidence.append("It is the largest array with three axes.")
    copies = [other.stored.key for other in arrays if _is_unfolded(other.stored.shape, stored.shape)]
    if copies:
        evidence.append(f"Arrays with two axes that repeat it were left out: {', '.join(copies)}.")
    return Candidate(found, "cube", reading.order, min(score, 1.0), tuple(evidence), tuple(warnings),
                     reading.alternatives)  # fmt: skip


def _axes(found: Found, planes: list[tuple[int, ...]], wavelengths: set[int]) -> AxisReading:
    if found.source.fixed_axes:
        return AxisReading("HWB", 1.0, ("The format itself tells rows, columns and bands apart.",), (("HWB", 1.0),))
    stored = found.stored
    readable = stored.is_mappable or stored.nbytes <= MAX_INSPECTED_BYTES
    return guess_order(stored.shape, stored.open() if readable else None, planes, wavelengths)


def _is_unfolded(shape: tuple[int, ...], cube: tuple[int, ...]) -> bool:
    """Whether a plane is the cube with two of its axes made one."""
    return len(shape) == 2 and min(shape) > 1 and math.prod(shape) == math.prod(cube) and bool(set(shape) & set(cube))
