"""What is written for other programs: a network of one kind, with how it is fed, compared and explained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from torch import Tensor

from ml_core.vision.export.formats import Predict
from ml_core.vision.export.module import INPUT, WithPreprocessing
from ml_core.vision.export.parity import Parity


class Subject(ABC):
    """A network on its way out.

    Attributes:
        module: What is written.
        classes: Names.
        shape: Channels, height and width of the input.
        script: The program that goes along.
    """

    module: WithPreprocessing
    classes: list[str]
    shape: tuple[int, int, int]
    script: Path

    @abstractmethod
    def read(self, path: Path) -> Tensor:
        """An image file as uint8 pixels of `shape`.

        Raises:
            CodedError: It cannot be read.
        """

    @abstractmethod
    def compare(self, before: Predict, after: Predict, pixels: Tensor, size_bytes: int) -> Parity:
        """Ask both about the same images."""

    @abstractmethod
    def contract(self) -> dict[str, Any]:
        """What a program needs to know: output, preprocessing, and what is inside the network and what is not."""

    def told(self) -> dict[str, Any]:
        """``preprocessing.json``."""
        batch = "batch" if self.module.any_batch else 1
        told = {"input": {"name": INPUT, "type": "uint8", "shape": [batch, *self.shape]}, "classes": self.classes}
        return told | self.contract()
