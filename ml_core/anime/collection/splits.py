"""Splits that keep copies together: what is nearly the same picture never lies on both sides."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def deal_folds(labels: Sequence[int], groups: Sequence[int], keys: Sequence[str], *, folds: int, seed: int) -> Integers:
    """Give every picture a fold; each character is spread evenly, each group lies in one fold.

    The draw follows from the seed and the content of the pictures, not from their names or order. A group that holds
    pictures of several characters counts for the first of them.

    Args:
        labels: Character of each picture.
        groups: Group of each picture; copies share one.
        keys: What identifies each picture, such as its SHA-256.
        folds: Number of folds.
        seed: Another seed deals differently.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for position, group in enumerate(groups):
        members[group].append(position)
    by_class: dict[int, list[list[int]]] = defaultdict(list)
    for owned in members.values():
        by_class[min(labels[position] for position in owned)].append(owned)
    found = np.zeros(len(labels), dtype=np.int64)
    for label, sets in sorted(by_class.items()):
        drawn = sorted(sets, key=lambda owned: _draw(seed, min(keys[position] for position in owned)))
        filled = np.zeros(folds, dtype=np.int64)
        first = int.from_bytes(_draw(seed, f"class {label}")[:4], "big") % folds
        for owned in sorted(drawn, key=len, reverse=True):  # large groups first; a stable sort keeps the draw
            order = np.roll(np.arange(folds), -first)
            fold = int(order[np.argmin(filled[order])])
            found[owned] = fold
            filled[fold] += len(owned)
    return found


def _draw(seed: int, key: str) -> bytes:
    return hashlib.sha256(f"{seed}:fold:{key}".encode()).digest()


def hold_out(
    labels: Sequence[int], groups: Sequence[int], keys: Sequence[str], *, share: float, seed: int
) -> NDArray[np.bool_]:
    """True for about ``share`` of each character's pictures, by groups; one with few groups keeps all for training."""
    if share <= 0:
        return np.zeros(len(labels), dtype=bool)
    folds = max(2, round(1 / share))
    held = deal_folds(labels, groups, keys, folds=folds, seed=seed) == 0
    for label in set(labels):
        mine = np.asarray(labels) == label
        if len(set(np.asarray(groups)[mine].tolist())) < 3 or held[mine].all():
            held[mine] = False
    return _whole_groups(held, np.asarray(groups))


def _whole_groups(held: NDArray[np.bool_], groups: Integers) -> NDArray[np.bool_]:
    """Take back groups of which a part was taken back."""
    broken = set(groups[held].tolist()) & set(groups[~held].tolist())
    result: NDArray[np.bool_] = held & ~np.isin(groups, sorted(broken))
    return result
