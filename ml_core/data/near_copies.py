"""Finds pictures that look alike among many, without comparing all with all.

Hashes that differ in at most d bits agree completely in at least one of d + 1 bands of their bits (the pigeonhole
principle), so only hashes that share a band are compared, many at a time in numpy. What the hashes suggest is
confirmed on small pictures.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

_BITS: Final = 64

#: In a crowded band a hash is compared with this many neighbours; only degenerate sets reach it.
_MAX_NEIGHBOURS: Final = 2000

#: Mean difference of grey values, of 255, up to which two small pictures count as alike.
_MAX_DIFFERENCE: Final = 8.0

Pairs = NDArray[np.int64]


def near_pairs(hashes: NDArray[np.uint64], max_distance: int) -> Pairs:
    """Pairs (i, j), i < j, of distinct hashes that differ in at most ``max_distance`` bits; shape (pairs, 2)."""
    edges = [round(_BITS * part / (max_distance + 1)) for part in range(max_distance + 2)]
    found = [_pairs_in_band(hashes, low, high - low, max_distance) for low, high in pairwise(edges)]
    pairs = np.concatenate(found)
    return np.unique(pairs, axis=0) if len(pairs) else pairs


def _pairs_in_band(hashes: NDArray[np.uint64], low: int, width: int, max_distance: int) -> Pairs:
    keys = (hashes >> np.uint64(low)) & np.uint64((1 << width) - 1)
    order = np.argsort(keys, kind="stable")
    keys, ordered = keys[order], hashes[order]
    found = [np.empty((0, 2), dtype=np.int64)]
    for offset in range(1, min(len(hashes), _MAX_NEIGHBOURS)):
        together = np.flatnonzero(keys[:-offset] == keys[offset:])
        if not len(together):
            break  # keys are sorted: no group is longer than this offset
        distance = np.bitwise_count(ordered[together] ^ ordered[together + offset])
        close = together[(distance > 0) & (distance <= max_distance)]
        found.append(np.sort(np.stack([order[close], order[close + offset]], axis=1), axis=1))
    return np.concatenate(found)


def near_groups(hashes: NDArray[np.uint64], thumbs: NDArray[np.uint8], max_distance: int) -> list[list[int]]:
    """Groups of at least two pictures that look alike, each sorted, largest first.

    Args:
        hashes: Perceptual hashes, shape (images,).
        thumbs: Small grey pictures, shape (images, values).
        max_distance: Bits in which hashes of alike pictures may differ.
    """
    unique, first, member_of = np.unique(hashes, return_index=True, return_inverse=True)
    same = np.stack([first[member_of], np.arange(len(hashes))], axis=1)
    across = first[near_pairs(unique, max_distance)].reshape(-1, 2)
    pairs = np.concatenate([same[same[:, 0] != same[:, 1]], across])
    pairs = pairs[_alike(thumbs, pairs)]
    return _join(pairs)


def _alike(thumbs: NDArray[np.uint8], pairs: Pairs) -> NDArray[np.bool_]:
    alike = np.zeros(len(pairs), dtype=bool)
    for start in range(0, len(pairs), 65_536):  # bounds the memory for the differences
        part = pairs[start : start + 65_536]
        left, right = thumbs[part[:, 0]].astype(np.int16), thumbs[part[:, 1]].astype(np.int16)
        shift = (left.mean(axis=1) - right.mean(axis=1))[:, None]  # the same picture may be a little lighter
        alike[start : start + len(part)] = np.abs(left - right - shift).mean(axis=1) <= _MAX_DIFFERENCE
    return alike


def _join(pairs: Pairs) -> list[list[int]]:
    parent: dict[int, int] = {}

    def top(node: int) -> int:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for left, right in pairs.tolist():
        parent[top(left)] = top(right)
    groups: dict[int, list[int]] = {}
    for node in sorted(parent):
        groups.setdefault(top(node), []).append(node)
    return sorted(groups.values(), key=lambda group: (-len(group), group))
