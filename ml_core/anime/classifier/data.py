"""Pictures of characters for the fit loop: random views to learn from, plain ones to judge by."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ml_core.anime.classifier.network import at_size
from ml_core.anime.classifier.views import ViewSettings, draw_numbers, make_views

Batch = tuple[Tensor, Tensor, Tensor]


class PictureData:
    """A batch is (views, labels, positions): float32 (N, 3, size, size) of 0..1, int64 (N,), int64 (N,).

    Args:
        pixels: (N, 3, S, S) uint8.
        labels: (N,) int64.
        names: What messages call each picture.
        size: Pixels of a side of a view.
        seed: Seed of the run.
        views: How views differ; None shows the picture as it is.
    """

    prefers_workers = False

    def __init__(
        self,
        pixels: Tensor,
        labels: Tensor,
        names: Sequence[str],
        size: int,
        seed: int = 0,
        views: ViewSettings | None = None,
    ) -> None:
        self.pixels, self.labels = pixels, labels
        self._names, self._size, self._seed, self._views = names, size, seed, views

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, indices: Sequence[int], epoch: int) -> Batch:
        """See the class."""
        rows = torch.as_tensor(indices, dtype=torch.int64)
        pixels = self.pixels.index_select(0, rows)
        if self._views is None:
            shown = at_size(pixels, self._size)
        else:
            shown = make_views(pixels, self._size, draw_numbers(self._seed, epoch, indices), self._views)
        return shown, self.labels.index_select(0, rows), rows

    def item_name(self, index: int) -> str:
        """The path of the picture."""
        return self._names[index]
