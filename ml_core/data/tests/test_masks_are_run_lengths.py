"""Run lengths of masks are read and written as COCO's own tools do."""

from __future__ import annotations

import numpy as np
import pytest

from ml_core.data.annotations.rle import (
    check_counts,
    decode_mask,
    encode_mask,
    mask_area,
    mask_bounds,
    pack_counts,
    unpack_counts,
)
from ml_core.errors import FormatError


@pytest.mark.parametrize("seed", range(6))
def test_a_mask_survives_counts_and_text(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = int(rng.integers(1, 60)), int(rng.integers(1, 60))
    mask = rng.random((height, width)) < rng.random()
    counts = encode_mask(mask)
    check_counts(height, width, counts)
    assert np.array_equal(decode_mask(height, width, counts), mask)
    assert np.array_equal(unpack_counts(pack_counts(counts)), counts)
    assert mask_area(counts) == mask.sum()
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    expected = (0, 0, 0, 0) if not mask.any() else (
        columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1)  # fmt: skip
    assert mask_bounds(height, counts) == expected


def test_the_text_is_that_of_the_reference_packer() -> None:
    """Groups of five bits by hand, as in maskApi.c: 6 -> '6', 1 -> '1', 40 -> 'X1', 4 - 1 -> '3', 5 - 40 -> 'mN'."""
    counts = np.array([6, 1, 40, 4, 5])
    assert pack_counts(counts) == "61X13mN"
    assert unpack_counts("61X13mN").tolist() == counts.tolist()


@pytest.mark.parametrize("text", ["\x7f", "é", "P", "1~", "o" * 40, "3Oo"])
def test_a_text_that_no_packer_writes_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        check_counts(2, 2, unpack_counts(text))


@pytest.mark.parametrize(
    ("height", "width", "counts"), [(2, 2, [1, 2]), (0, 4, []), (2, 2, [-1, 5]), (1 << 20, 1 << 20, [1])]
)
def test_counts_must_fill_the_mask(height: int, width: int, counts: list[int]) -> None:
    with pytest.raises(FormatError):
        check_counts(height, width, np.array(counts, dtype=np.int64))
