"""Derives independent seeds from the one seed of a run, so that a position alone tells every random draw."""

from __future__ import annotations

import hashlib


def mix(seed: int, *keys: object) -> int:
    """A 63-bit seed for the purpose that ``keys`` name, such as ``mix(seed, "order", epoch)``.

    Exported training scripts repeat these two lines, therefore the formula is part of the file format.
    """
    text = ":".join(str(key) for key in (seed, *keys))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
