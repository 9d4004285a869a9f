"""How far the boxes of a written detector lie from those of the detector itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ml_core.vision.detection.metrics.overlap import overlaps
from ml_core.vision.export.formats import Predict
from ml_core.vision.export.parity import Parity, ask, ms_an_image

_COUNTED = 0.05  # less probable boxes are nobody's answer
_SAME_OVERLAP = 0.5
_BATCH = 4


@dataclass(frozen=True)
class BoxParity(Parity):
    """Agreement about boxes, after double ones are suppressed.

    Attributes:
        boxes: How many the detector itself gives with a probability of at least 5 %.
        matched: How many of them the written one gives too: the same class, at the same place.
        added: How many the written one gives that the detector itself does not.
        largest_shift: Largest distance of an edge of matched boxes, in pixels of the input.
    """

    boxes: int
    matched: int
    added: int
    largest_shift: float

    @property
    def is_proved(self) -> bool:
        """The same boxes to a tenth of a pixel, probabilities equal to a thousandth."""
        same = self.matched == self.boxes and self.added == 0
        return same and self.largest_shift < 0.1 and self.largest_difference < 1e-3

    @property
    def words(self) -> str:
        return (
            f"{self.matched} of {self.boxes} boxes are found again and {self.added} are added, edges differ by at most "
            f"{self.largest_shift:.1e} pixels and probabilities by {self.largest_difference:.1e}"
        )


def compare_boxes(
    before: Predict, after: Predict, suppress: nn.Module, pixels: Tensor, size_bytes: int, step: int
) -> BoxParity:
    """Ask both about the same images, in batches and one by one.

    Args:
        before: The detector itself, up to its candidates.
        after: The same as it was written and loaded again.
        suppress: What makes boxes of candidates.
        pixels: uint8 (N, 3, H, W).
        size_bytes: Size of the file.
        step: Most images that may be asked about at once.
    """
    batch = min(step, _BATCH)
    ours, theirs = (suppress(torch.from_numpy(ask(one, pixels, batch))).numpy() for one in (before, after))
    found = [_match(own, other) for own, other in zip(ours, theirs, strict=True)]
    again = [_match(other, own) for own, other in zip(ours, theirs, strict=True)]
    pairs = np.concatenate([rows for rows, _ in found])
    shifts = np.abs(pairs[:, 0, :4] - pairs[:, 1, :4])
    scores = np.abs(pairs[:, 0, 4] - pairs[:, 1, 4])
    return BoxParity(
        images=len(pixels),
        largest_difference=float(scores.max(initial=0.0)),
        ms_an_image=ms_an_image(after, pixels),
        ms_an_image_before=ms_an_image(before, pixels),
        bytes=size_bytes,
        boxes=len(pairs) + sum(missing for _, missing in found),
        matched=len(pairs),
        added=sum(missing for _, missing in again),
        largest_shift=float(shifts.max(initial=0.0)),
    )


def _match(rows: NDArray[np.float32], others: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    """Each probable row with the nearest of the others (pairs, 2, 6), and how many have none.

    The others may be improbable: a score at the edge must not cost a match.
    """
    rows, others = rows[rows[:, 4] >= _COUNTED], others[others[:, 4] >= 0]
    if not len(rows) or not len(others):
        return np.zeros((0, 2, 6), np.float32), len(rows)
    shared = overlaps(rows[:, :4].astype(np.float64), others[:, :4].astype(np.float64))
    shared = np.where(rows[:, None, 5] == others[None, :, 5], shared, 0.0)
    nearest = shared.argmax(1)
    is_same = shared.max(1) > _SAME_OVERLAP
    pairs = np.stack([rows[is_same], others[nearest[is_same]]], axis=1)
    return pairs, int((~is_same).sum())
