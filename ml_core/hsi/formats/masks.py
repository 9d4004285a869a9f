"""Reads an array as a mask of anomalies, and says what its values were taken for."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import FormatError
from ml_core.hsi.formats.axis_order import arrange
from ml_core.hsi.formats.candidates import Candidate, Found, shape_text
from ml_core.hsi.formats.stored import MAX_INSPECTED_BYTES, StoredArray, blocks

#: An array with more different values than this is a map of classes or a picture.
MAX_MASK_VALUES: Final = 3

_MANY: Final = 256
_BLOCK_BYTES: Final = 1 << 20
_NAMES: Final = re.compile(r"(^|[^a-z])(gt|mask|map|ground|truth|groundtruth|label|target|anomal)", re.IGNORECASE)
_USUAL: Final = 0.5


@dataclass(frozen=True)
class MaskValues:
    """Different values of an array (None: more than 256), share of those that are not 0, and whether any is NaN."""

    values: tuple[float, ...] | None
    share: float
    has_nan: bool


def mask_values(array: NDArray[Any]) -> MaskValues:
    """Look at all values, block by block; where there are many, the first block tells."""
    seen: NDArray[Any] = np.empty(0)
    marked, has_nan = 0, False
    for start, stop in blocks(len(array), array.nbytes, _BLOCK_BYTES):
        block = np.asarray(array[start:stop], np.float64)
        nan = np.isnan(block)
        has_nan = has_nan or bool(nan.any())
        marked += int(np.count_nonzero(block[~nan]))
        seen = np.union1d(seen, block[~nan])
        if len(seen) > _MANY:
            return MaskValues(None, math.nan, has_nan)
    return MaskValues(tuple(float(value) for value in seen), marked / max(array.size, 1), has_nan)


def is_plane(shape: tuple[int, ...]) -> bool:
    """Two axes of more than one value; further axes of one value do not count."""
    return len(squeezed(shape)) == 2


def squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without axes of one value."""
    return tuple(length for length in shape if length != 1)


def _is_readable_plane(stored: StoredArray) -> bool:
    return (
        not stored.refusal and is_plane(stored.shape) and (stored.is_mappable or stored.nbytes <= MAX_INSPECTED_BYTES)
    )


def looks_like_mask(found: Found) -> bool:
    """A plane with at most three different values."""
    stored = found.stored
    if not _is_readable_plane(stored):
        return False
    facts = mask_values(np.squeeze(stored.open()))
    return facts.values is not None and len(facts.values) <= MAX_MASK_VALUES


def mask_candidate(found: Found, size: tuple[int, int]) -> Candidate | None:
    """The reading of an array as mask of a scene of ``size`` (rows, columns); None where the shapes do not fit."""
    stored = found.stored
    if not _is_readable_plane(stored):
        return None
    shape = squeezed(stored.shape)
    if shape != size and shape[::-1] != size:
        return None
    order = "HW" if shape == size else "WH"
    facts = mask_values(np.squeeze(stored.open()))
    score, evidence = (
        0.3,
        [f"It has the size of the scene, {shape_text(size)}" + (", turned." if order == "WH" else ".")],
    )
    few = facts.values is not None and len(facts.values) <= MAX_MASK_VALUES
    if few and facts.values is not None:
        score += 0.4
        evidence.append(f"It holds only {', '.join(f'{value:g}' for value in facts.values)}.")
    else:
        score -= 0.2
        evidence.append("It holds many different values, as a picture or a map of classes does.")
    if _NAMES.search(stored.key) or _NAMES.search(found.source.path.stem):
        score += 0.2
        evidence.append(f'Its name says so: "{stored.key or found.file}".')
    if 0 < facts.share < _USUAL:
        score += 0.1
        evidence.append(f"It marks {facts.share:.2%} of the pixels.")
    values = facts.values if few and facts.values is not None else ()
    return Candidate(found, "mask", order, max(0.0, score), tuple(evidence), _warnings(facts), values=values)


def _warnings(facts: MaskValues) -> tuple[str, ...]:
    warnings = []
    if facts.values is not None and len(facts.values) > 2:
        listed = ", ".join(f"{value:g}" for value in facts.values[:8])
        warnings.append(f"The mask has {len(facts.values)} different values ({listed}): "
                        "every value but 0 was taken as anomaly.")  # fmt: skip
    elif facts.values is not None and not set(facts.values) <= {0.0, 1.0}:
        listed = " and ".join(f"{value:g}" for value in facts.values)
        warnings.append(f"The mask holds {listed}: every value but 0 was taken as anomaly.")
    if facts.has_nan:
        warnings.append("The mask holds NaN, which was taken as background.")
    if facts.share == 0:
        warnings.append("The mask marks nothing, so no score can be computed.")
    elif facts.share > _USUAL:
        warnings.append(f"The mask marks {facts.share:.0%} of the pixels: it is likely inverted.")
    return tuple(warnings)


def read_mask(candidate: Candidate) -> NDArray[np.uint8]:
    """The mask as (H, W), 1 = anomaly.

    Raises:
        FormatError: ``hsi.mask_values``: it holds many values, so that it does not say what an anomaly is.
    """
    plane = np.squeeze(candidate.found.stored.open())
    facts = mask_values(plane)
    if facts.values is None or len(facts.values) > MAX_MASK_VALUES:
        raise FormatError("The mask holds measurements or a map of classes, not marks.", code="hsi.mask_values",
                          hint="Give a mask of 0 (background) and 1 (anomaly).",
                          where=candidate.found.stored.key or candidate.found.file)  # fmt: skip
    marked = np.nan_to_num(np.asarray(plane, np.float64), nan=0.0) != 0
    return np.ascontiguousarray(arrange(marked, candidate.axis_order), np.uint8)
