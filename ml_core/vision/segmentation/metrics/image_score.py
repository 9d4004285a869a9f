"""What one image tells about a network: few numbers, which are added up over all images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ml_core.engine.task import Gather
from ml_core.vision.segmentation.metrics.boundary import match_outlines
from ml_core.vision.segmentation.truth import BACKGROUND, UNKNOWN, Map

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class ImageScore:
    """One image.

    Attributes:
        index: Which.
        cells: (K, 3) the filled cells of its confusion matrix: true class, predicted class, pixels.
        outlines: (M, 5) class, and the counts of `match_outlines`.
    """

    index: int
    cells: Counts
    outlines: Counts


def score_image(index: int, truth: Map, predicted: Map, classes: int) -> ImageScore:
    """Judge a map.

    Args:
        index: Of the image.
        truth: With `UNKNOWN` where nothing counts.
        predicted: Of the same size.
        classes: How many, with the background.
    """
    known = truth != UNKNOWN
    codes = truth[known].astype(np.int64) * classes + predicted[known]
    table = np.bincount(codes, minlength=classes * classes)
    filled = np.flatnonzero(table)
    cells = np.stack([filled // classes, filled % classes, table[filled]], axis=1)
    labels = [label for label in np.union1d(cells[:, 0], cells[:, 1]).tolist() if label != BACKGROUND]
    outlines = np.column_stack([np.array(labels, dtype=np.int64), match_outlines(truth, predicted, labels)])
    return ImageScore(index, cells, outlines)


def gather_scores(scores: Sequence[ImageScore], gather: Gather) -> list[ImageScore]:
    """The scores of all processes by index, each image once."""
    indices = gather(torch.tensor([score.index for score in scores], dtype=torch.int64)).cpu().numpy()
    columns = []
    for rows in ([score.cells for score in scores], [score.outlines for score in scores]):
        lengths = gather(torch.tensor([len(part) for part in rows], dtype=torch.int64)).cpu().numpy()
        everything = gather(torch.from_numpy(np.concatenate(rows))).cpu().numpy()
        columns.append(np.split(everything, np.cumsum(lengths)[:-1]))
    order, first = np.unique(indices, return_index=True)  # several processes may have seen an image twice
    return [ImageScore(int(i), columns[0][at], columns[1][at]) for i, at in zip(order, first, strict=True)]
