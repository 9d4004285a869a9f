"""How far the answers of a written network lie from those of the network itself."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml_core.vision.export.formats import Predict

_BATCH = 8


@dataclass(frozen=True)
class Parity:
    """Agreement over some images.

    Attributes:
        images: How many were compared.
        largest_difference: Largest difference of a probability.
        same_class: Share of images with the same most probable class.
        ms_an_image: Time of an image, one at a time, on the CPU.
        ms_an_image_before: The same of the network itself.
        bytes: Size of the file.
    """

    images: int
    largest_difference: float
    same_class: float
    ms_an_image: float
    ms_an_image_before: float
    bytes: int

    @property
    def is_proved(self) -> bool:
        """Whether nobody would notice the difference: the same classes, probabilities equal to a thousandth."""
        return self.same_class == 1.0 and self.largest_difference < 1e-3


def compare(before: Predict, after: Predict, pixels: Tensor, size_bytes: int) -> Parity:
    """Ask both about the same images, in batches and one by one.

    Args:
        before: The network itself.
        after: The network as it was written and loaded again.
        pixels: uint8 (N, C, H, W).
        size_bytes: Size of the file.
    """
    expected, found = _ask(before, pixels), _ask(after, pixels)
    return Parity(
        images=len(pixels),
        largest_difference=float(np.abs(expected - found).max()),
        same_class=float(np.mean(expected.argmax(1) == found.argmax(1))),
        ms_an_image=_ms(after, pixels),
        ms_an_image_before=_ms(before, pixels),
        bytes=size_bytes,
    )


def _ask(predict: Predict, pixels: Tensor) -> NDArray[np.float32]:
    """Batches of several sizes, so that a batch size that was burnt in shows."""
    parts = [predict(pixels[:1]), *(predict(part) for part in torch.split(pixels[1:], _BATCH) if len(part))]
    return np.concatenate(parts)


def _ms(predict: Predict, pixels: Tensor) -> float:
    times = []
    for at in range(min(10, len(pixels)) + 1):
        started = time.perf_counter()
        predict(pixels[at % len(pixels)][None])
        times.append(time.perf_counter() - started)
    return round(1000 * float(np.median(times[1:] or times)), 3)
