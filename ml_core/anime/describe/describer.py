"""A picture as one long vector, without a network: Fisher vectors of edges and of colours, and the palette.

The codebooks are learnt from pictures without labels, in seconds. On small collections these vectors tell characters
apart better than a network trained from scratch, and better than plain colour (docs/anime.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml_core.anime.describe.fisher import FisherVectors
from ml_core.anime.describe.local import STEP, local_descriptors
from ml_core.anime.describe.palette import LENGTH, palette

SIDE: Final = 128  # pixels at which pictures are described
_EDGE_VALUES: Final = 128
_COLOUR_VALUES: Final = 96
_SAMPLES: Final = 40_000  # local descriptors from which the codebooks are learnt
_BATCH: Final = 16

Progress = Callable[[int, int], None]


class Describer(nn.Module):
    """Describes square pictures of any size; see the module's text. ``length`` is that of a description.

    Args:
        kept: Principal components of local descriptors.
        gaussians: Members of each mixture.
        step: Pixels between local descriptors.
    """

    def __init__(self, kept: int = 48, gaussians: int = 32, step: int = STEP) -> None:
        super().__init__()
        self.kept, self.gaussians, self.step = kept, gaussians, step
        self.edges = FisherVectors(_EDGE_VALUES, kept, gaussians)
        self.colours = FisherVectors(_COLOUR_VALUES, kept, gaussians)
        self.length = self.edges.length + self.colours.length + LENGTH

    @torch.no_grad()
    def fit(self, pictures: Tensor, seed: int, progress: Progress | None = None) -> None:
        """Learn both codebooks from (N, 3, S, S) uint8 pictures; labels are not looked at.

        Args:
            pictures: Square pictures.
            seed: The draws follow from it.
            progress: Called with pictures done and all.
        """
        generator = torch.Generator().manual_seed(seed)
        each = max(8, -(-_SAMPLES // len(pictures)))
        edges, colours, places = [], [], []
        for start in range(0, len(pictures), _BATCH):
            local = local_descriptors(at_side(pictures[start : start + _BATCH]), self.step)
            drawn = torch.randperm(local.edges.shape[1], generator=generator)[:each]
            edges.append(local.edges[:, drawn].flatten(0, 1))
            colours.append(local.colours[:, drawn].flatten(0, 1))
            places.append(local.places[drawn].repeat(len(local.edges), 1))
            if progress is not None:
                progress(min(start + _BATCH, len(pictures)), len(pictures))
        self.edges.fit(torch.cat(edges), torch.cat(places), generator)
        self.colours.fit(torch.cat(colours), torch.cat(places), generator)

    def coarser(self, times: int) -> Describer:
        """One with the same codebooks that looks at ``times`` fewer rows and columns of places, and so is faster."""
        other = Describer(self.kept, self.gaussians, self.step * times)
        other.load_state_dict(self.state_dict())
        return other

    @torch.no_grad()
    def forward(self, pictures: Tensor) -> Tensor:
        """Describe (N, 3, S, S) uint8 pictures: (N, length) float32, three parts of unit length."""
        shown = at_side(pictures)
        local = local_descriptors(shown, self.step)
        parts = [self.edges(local.edges, local.places), self.colours(local.colours, local.places), palette(shown)]
        return torch.cat(parts, dim=1)

    def describe(self, pictures: Tensor, progress: Progress | None = None) -> Tensor:
        """As ``forward`` for any number of pictures, a few at a time."""
        found = []
        for start in range(0, len(pictures), _BATCH):
            found.append(self(pictures[start : start + _BATCH]))
            if progress is not None:
                progress(min(start + _BATCH, len(pictures)), len(pictures))
        return torch.cat(found) if found else torch.zeros(0, self.length)


def at_side(pictures: Tensor) -> Tensor:
    """uint8 (N, 3, S, S) as float32 0..1 of (N, 3, SIDE, SIDE)."""
    values = pictures.float() / 255
    if pictures.shape[-1] == SIDE:
        return values
    return functional.interpolate(values, size=(SIDE, SIDE), mode="bilinear", antialias=True).clamp(0, 1)
