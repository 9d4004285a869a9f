"""Stratified splits from a seed: the same images get the same split whatever their order, names or neighbours.

Equal files (one SHA-256) always share a split, so that no image is trained on and tested with.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from ml_core.data.formats.base import Split

SplitKey = tuple[int, bytes]

_TRAIN, _VAL, _TEST = 0, 1, 2
NAMES: Final[tuple[Split, ...]] = ("train", "val", "test")


def stratified_splits(images: Iterable[SplitKey], *, seed: int, val: float, test: float) -> dict[bytes, Split]:
    """Assign every distinct file to a split, class by class.

    Each class gives ``val`` and ``test`` of its images, rounded; at least one where it has images to spare, and
    training always keeps at least one. A file that lies in several classes counts for the first of them.

    Args:
        images: (label, SHA-256 digest) of each image; duplicates are meant to be there.
        seed: Another seed gives other splits.
        val: Share of validation images.
        test: Share of test images.

    Returns:
        Digest to split. Costs about 100 bytes an image.
    """
    weight: dict[bytes, int] = defaultdict(int)
    label_of: dict[bytes, int] = {}
    for label, digest in images:
        weight[digest] += 1
        label_of[digest] = min(label, label_of.get(digest, label))
    by_class: dict[int, list[bytes]] = defaultdict(list)
    for digest, label in label_of.items():
        by_class[label].append(digest)
    chosen: dict[bytes, Split] = {}
    for digests in by_class.values():
        digests.sort(key=lambda digest: hashlib.sha256(b"%d:split:" % seed + digest).digest())
        total = sum(weight[digest] for digest in digests)
        _deal(digests, weight, {_TEST: _share(test, total), _VAL: _share(val, total)}, chosen)
    return chosen


def _share(ratio: float, total: int) -> int:
    return 0 if ratio <= 0 else max(1, round(ratio * total))


def _deal(digests: list[bytes], weight: dict[bytes, int], wanted: dict[int, int], chosen: dict[bytes, Split]) -> None:
    """Fill test, then validation, then training; the last file of a class is always for training."""
    remaining = iter(digests)
    left = len(digests)
    for code, want in wanted.items():
        have = 0
        while have < want and left > 1:
            digest = next(remaining)
            chosen[digest] = NAMES[code]
            have += weight[digest]
            left -= 1
    for digest in remaining:
        chosen[digest] = NAMES[_TRAIN]
