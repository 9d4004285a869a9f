"""The one rule by which an image becomes the input of a detector, in training, evaluation and prediction.

An image is scaled until it just fits into the canvas, keeps its form, lies at the top left, and the rest is grey. The
canvas is as long as asked on its longer side and as high as the training images need, in multiples of 32, so that a
data set of oblong images costs no more than its own pixels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms import v2

from ml_core.data.decode import PixelMode, load_image
from ml_core.data.manifest import Item
from ml_core.errors import ConfigError
from ml_core.vision.preparation import IMAGENET_MEAN, IMAGENET_STD, pixels_of

GREY = 114
STRIDE = 32
_MODE: PixelMode = "RGB"


@dataclass(frozen=True)
class Canvas:
    """The input of a detector, in pixels."""

    height: int
    width: int

    def placed(self, width: int, height: int) -> tuple[int, int]:
        """Width and height that an image has on the canvas."""
        scale = min(self.width / width, self.height / height)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def place(self, source: str | Path | bytes) -> tuple[Tensor, tuple[int, int]]:
        """Decode an image and put it on the canvas.

        Returns:
            uint8 (3, height, width), and the width and height of the upright image.

        Raises:
            FormatError: It cannot be decoded.
            UnsafeFileError: It has too many pixels.
        """
        pixels = pixels_of(load_image(source, _MODE))
        height, width = pixels.shape[-2:]
        inner_width, inner_height = self.placed(width, height)
        canvas = torch.full((3, self.height, self.width), GREY, dtype=torch.uint8)
        scaled = v2.functional.resize(pixels, [inner_height, inner_width], antialias=True)
        canvas[:, :inner_height, :inner_width] = scaled
        return canvas, (width, height)

    def onto(self, boxes: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
        """Corners (N, 4) in pixels of the image, as pixels of the canvas."""
        return boxes * self._factors(width, height)

    def back(self, boxes: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
        """Corners (N, 4) in pixels of the canvas, as pixels of the image, cut at its edges."""
        corners = boxes / self._factors(width, height)
        limits = np.array([width, height, width, height], dtype=np.float64)
        result: NDArray[np.float64] = np.clip(corners, 0, limits)
        return result

    def _factors(self, width: int, height: int) -> NDArray[np.float64]:
        inner_width, inner_height = self.placed(width, height)
        return np.array([inner_width / width, inner_height / height] * 2)

    def normalise(self, pixels: Tensor) -> Tensor:
        """uint8 (N, 3, height, width) to float32 with the mean and deviation of ImageNet."""
        scaled = v2.functional.to_dtype(pixels, torch.float32, scale=True)
        normalised: Tensor = v2.functional.normalize(scaled, list(IMAGENET_MEAN), list(IMAGENET_STD))
        return normalised

    def as_dict(self) -> dict[str, Any]:
        """The ``preprocessing`` of a ``weight.json``."""
        return {
            "mode": _MODE,
            "size": [self.height, self.width],
            "resize": "fit",
            "fill": GREY,
            "mean": list(IMAGENET_MEAN),
            "std": list(IMAGENET_STD),
        }


def canvas_for(items: Iterable[Item], size: int) -> Canvas:
    """The smallest canvas whose longer side is ``size`` and that holds every image scaled to that length."""
    width = height = STRIDE
    for item in items:
        scale = size / max(item.width, item.height)
        width = max(width, round(item.width * scale))
        height = max(height, round(item.height * scale))
    return Canvas(-(-height // STRIDE) * STRIDE, -(-width // STRIDE) * STRIDE)


def canvas_from(preprocessing: dict[str, Any]) -> Canvas:
    """The canvas that a ``weight.json`` tells.

    Raises:
        ConfigError: A key is missing or wrong.
    """
    try:
        height, width = (int(value) for value in preprocessing["size"])
        if preprocessing["resize"] != "fit" or min(height, width) < STRIDE or max(height, width) > 8192:
            raise ValueError("no canvas")
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            "The weight does not say how images become its input.",
            code="weights.invalid_facts",
            hint="Upload it again and fill in the preprocessing.",
            where="preprocessing",
        ) from error
    return Canvas(height, width)
