"""How far the maps of a written segmentation lie from those of the network itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ml_core.vision.export.formats import Predict
from ml_core.vision.export.parity import Parity, ask, ms_an_image

_BATCH = 4
_SAME = 0.9999  # rounding decides pixels between two classes that are equally probable


@dataclass(frozen=True)
class MapParity(Parity):
    """Agreement about pixels.

    Attributes:
        same_class: Share of pixels with the same most probable class.
    """

    same_class: float

    @property
    def is_proved(self) -> bool:
        """The same classes save for one pixel in ten thousand, probabilities equal to a thousandth."""
        return self.same_class >= _SAME and self.largest_difference < 1e-3

    @property
    def words(self) -> str:
        return (
            f"{self.same_class:.2%} of the pixels have the same class, probabilities differ by at most "
            f"{self.largest_difference:.1e}"
        )


def compare_maps(before: Predict, after: Predict, pixels: Tensor, size_bytes: int) -> MapParity:
    """Ask both about the same images, in batches and one by one.

    Args:
        before: The network itself.
        after: The network as it was written and loaded again.
        pixels: uint8 (N, 3, H, W).
        size_bytes: Size of the file.
    """
    expected, found = (torch.from_numpy(ask(one, pixels, _BATCH)) for one in (before, after))
    return MapParity(
        images=len(pixels),
        largest_difference=float((expected.softmax(1) - found.softmax(1)).abs().max()),
        same_class=float(np.mean((expected.argmax(1) == found.argmax(1)).numpy())),
        ms_an_image=ms_an_image(after, pixels),
        ms_an_image_before=ms_an_image(before, pixels),
        bytes=size_bytes,
    )
