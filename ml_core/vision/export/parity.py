"""How far the answers of a written network lie from those of the network itself."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml_core.vision.export.formats import Predict

_BATCH = 8


@dataclass(frozen=True)
class Parity(ABC):
    """Agreement over some images.

    Attributes:
        images: How many were compared.
        largest_difference: Largest difference of a probability.
        ms_an_image: Time of an image, one at a time, on the CPU.
        ms_an_image_before: The same of the network itself.
        bytes: Size of the file.
    """

    images: int
    largest_difference: float
    ms_an_image: float
    ms_an_image_before: float
    bytes: int

    @property
    @abstractmethod
    def is_proved(self) -> bool:
        """Whether nobody would notice the difference."""

    @property
    @abstractmethod
    def words(self) -> str:
        """What agrees, to follow "on 32 images"."""

    def verdict(self, name: str) -> str:
        """A sentence about a format."""
        begin = "answers the same" if self.is_proved else "does NOT answer the same"
        return (
            f"{name} {begin}: on {self.images} images {self.words}; {self.ms_an_image:.1f} ms an image against "
            f"{self.ms_an_image_before:.1f} ms."
        )


@dataclass(frozen=True)
class ClassParity(Parity):
    """Agreement about classes.

    Attributes:
        same_class: Share of images with the same most probable class.
    """

    same_class: float

    @property
    def is_proved(self) -> bool:
        """The same classes, probabilities equal to a thousandth."""
        return self.same_class == 1.0 and self.largest_difference < 1e-3

    @property
    def words(self) -> str:
        return (
            f"{self.same_class:.1%} have the same class, probabilities differ by at most {self.largest_difference:.1e}"
        )


def compare_classes(before: Predict, after: Predict, pixels: Tensor, size_bytes: int) -> ClassParity:
    """Ask both about the same images, in batches and one by one.

    Args:
        before: The network itself.
        after: The network as it was written and loaded again.
        pixels: uint8 (N, C, H, W).
        size_bytes: Size of the file.
    """
    expected, found = ask(before, pixels, _BATCH), ask(after, pixels, _BATCH)
    return ClassParity(
        images=len(pixels),
        largest_difference=float(np.abs(expected - found).max()),
        same_class=float(np.mean(expected.argmax(1) == found.argmax(1))),
        ms_an_image=ms_an_image(after, pixels),
        ms_an_image_before=ms_an_image(before, pixels),
        bytes=size_bytes,
    )


def ask(predict: Predict, pixels: Tensor, batch: int) -> NDArray[np.float32]:
    """Answers to all images, in batches of several sizes, so that a batch size that was burnt in shows."""
    parts = [predict(pixels[:1]), *(predict(part) for part in torch.split(pixels[1:], batch) if len(part))]
    return np.concatenate(parts)


def ms_an_image(predict: Predict, pixels: Tensor) -> float:
    """Median milliseconds of one image at a time."""
    times = []
    for at in range(min(10, len(pixels)) + 1):
        started = time.perf_counter()
        predict(pixels[at % len(pixels)][None])
        times.append(time.perf_counter() - started)
    return round(1000 * float(np.median(times[1:] or times)), 3)
