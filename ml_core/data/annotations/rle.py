"""Run-length encoded masks as COCO writes them.

A mask of ``height`` x ``width`` pixels is read column by column; the counts say how many pixels in turn are outside and
inside, and begin with outside. They stand in files as a list of numbers, or packed into text: differences to the
count before the last, in groups of five bits, lowest first, as the character with the code 48 + group (T.-Y. Lin et
al. 2014, the mask API of COCO).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import FormatError

Counts = NDArray[np.int64]

#: A mask of more pixels than this is no mask of a picture that would be decoded.
MAX_MASK_PIXELS = 1 << 28


def unpack_counts(text: str) -> Counts:
    """Counts from their packed text.

    Raises:
        FormatError: ``mask.counts``, a character or a group that the packing never writes.
    """
    try:
        codes = np.frombuffer(text.encode("ascii"), dtype=np.uint8).astype(np.int64) - 48
    except UnicodeEncodeError:
        codes = np.array([-1])
    if not len(codes):
        return np.zeros(0, dtype=np.int64)
    if codes.min() < 0 or codes.max() > 63 or codes[-1] & 32:
        raise _bad_counts()
    ends = np.flatnonzero((codes & 32) == 0)
    starts = np.concatenate(([0], ends[:-1] + 1))
    place = np.arange(len(codes)) - np.repeat(starts, ends - starts + 1)
    if place.max() > 11:
        raise _bad_counts()
    values = np.add.reduceat((codes & 31) << (5 * place), starts)
    negative = (codes[ends] & 16) != 0
    values[negative] -= np.int64(1) << (5 * (ends - starts + 1))[negative]
    # From the fourth on each is a difference to the one before the last: two running sums, one for each colour.
    if len(values) > 3:
        values[1::2] = np.cumsum(values[1::2])
        values[2::2] = np.cumsum(values[2::2])
    if values.min() < 0:
        raise _bad_counts()
    return values


def pack_counts(counts: Counts) -> str:
    """The packed text of counts; the inverse of `unpack_counts`."""
    values = counts.copy()
    if len(values) > 3:
        values[3:] -= counts[1:-2]
    packed = bytearray()
    for value in values.tolist():
        more = True
        while more:
            group = value & 31
            value >>= 5
            more = value != -1 if group & 16 else value != 0
            packed.append(48 + (group | 32 if more else group))
    return packed.decode("ascii")


def check_counts(height: int, width: int, counts: Counts) -> None:
    """Refuse counts that do not fill a mask of this size.

    Raises:
        FormatError: ``mask.counts`` or ``mask.size``.
    """
    if height < 1 or width < 1 or height * width > MAX_MASK_PIXELS:
        raise FormatError("The size of the mask makes no sense.", code="mask.size", hint="Write the mask again.")
    if (len(counts) and counts.min() < 0) or int(counts.sum()) != height * width:
        raise _bad_counts()


def decode_mask(height: int, width: int, counts: Counts) -> NDArray[np.bool_]:
    """The mask, bool (height, width)."""
    colours = np.arange(len(counts)) % 2 == 1
    return np.repeat(colours, counts).reshape(width, height).T


def encode_mask(mask: NDArray[np.bool_]) -> Counts:
    """Counts of a mask, bool (height, width)."""
    pixels = mask.T.ravel()
    if not len(pixels):
        return np.zeros(0, dtype=np.int64)
    changes = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    edges = np.concatenate(([0], changes, [len(pixels)]))
    counts = np.diff(edges)
    return np.concatenate(([0], counts)) if pixels[0] else counts


def mask_area(counts: Counts) -> int:
    """Pixels inside."""
    return int(counts[1::2].sum())


def mask_bounds(height: int, counts: Counts) -> tuple[float, float, float, float]:
    """x, y, width, height of the smallest box around the mask; all 0 for an empty one. The mask is not unfolded."""
    ends = np.cumsum(counts)
    starts = (ends - counts)[1::2]
    lengths = counts[1::2]
    starts, lengths = starts[lengths > 0], lengths[lengths > 0]
    if not len(starts):
        return 0.0, 0.0, 0.0, 0.0
    last = starts + lengths - 1
    left, right = int(starts[0] // height), int(last[-1] // height)
    wraps = starts // height != last // height  # a run over the end of a column touches bottom and top
    top = 0 if wraps.any() else int((starts % height).min())
    bottom = height - 1 if wraps.any() else int((last % height).max())
    return float(left), float(top), float(right - left + 1), float(bottom - top + 1)


def _bad_counts() -> FormatError:
    return FormatError("The run lengths of the mask do not fill its picture.", code="mask.counts",
                       hint="Write the mask again with the tool that made it.")  # fmt: skip
