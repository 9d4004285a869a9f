"""Finds the same picture more than once: byte by byte, or by its looks, within a character and across characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ml_core.data.measure import THUMB_SIDE, perceptual_hash
from ml_core.data.near_copies import near_groups

NEAR_BITS: Final = 10  # of 64 in which the hashes of near copies may differ; small pictures confirm what they suggest


@dataclass(frozen=True)
class Copies:
    """Which pictures are copies of each other.

    Attributes:
        exact: Groups of equal files, as positions.
        near: Groups of pictures that look alike, which hold the equal ones too.
        group_of: (N,) a number for each picture; copies share it.
    """

    exact: list[list[int]]
    near: list[list[int]]
    group_of: NDArray[np.int64]

    def across(self, labels: Sequence[int]) -> list[list[int]]:
        """Groups that lie under several characters: the same picture with two names."""
        return [group for group in self.near if len({labels[position] for position in group}) > 1]


def find_copies(pictures: Tensor, digests: Sequence[str]) -> Copies:
    """Compare pictures with each other.

    Args:
        pictures: (N, 3, S, S) uint8.
        digests: SHA-256 of their files.
    """
    first: dict[str, int] = {}
    same: dict[str, list[int]] = {}
    for position, digest in enumerate(digests):
        first.setdefault(digest, position)
        same.setdefault(digest, []).append(position)
    group_of = np.array([first[digest] for digest in digests], dtype=np.int64)
    hashes, thumbs = _looks(pictures)
    near = near_groups(hashes, thumbs, NEAR_BITS) if len(pictures) else []
    for group in near:
        joined = {int(group_of[position]) for position in group}
        group_of[np.isin(group_of, sorted(joined))] = min(joined)
    exact = [group for group in same.values() if len(group) > 1]
    return Copies(exact, [group.tolist() for group in _groups(group_of)], group_of)


def _groups(group_of: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    numbers, counts = np.unique(group_of, return_counts=True)
    return [np.flatnonzero(group_of == number) for number in numbers[counts > 1]]


def _looks(pictures: Tensor) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    hashes = np.zeros(len(pictures), dtype=np.uint64)
    thumbs = np.zeros((len(pictures), THUMB_SIDE**2), dtype=np.uint8)
    for position, picture in enumerate(pictures):
        grey = Image.fromarray(picture.permute(1, 2, 0).numpy()).convert("L")
        hashes[position] = perceptual_hash(grey)
        thumbs[position] = np.asarray(grey.resize((THUMB_SIDE, THUMB_SIDE), Image.Resampling.BOX)).ravel()
    return hashes, thumbs
