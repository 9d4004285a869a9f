"""From pixels to the network's input, in one place for training, prediction and the exported code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import v2

from ml_core.data.augment import build_transform
from ml_core.data.decode import PixelMode, load_image
from ml_core.errors import ConfigError, GraphError
from ml_core.graph import analyze
from ml_core.vision.config import InputConfig

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_MODES: dict[int, PixelMode] = {1: "L", 3: "RGB"}


@dataclass(frozen=True)
class Preparation:
    """How an image becomes the tensor that a network takes.

    Attributes:
        mode: Pillow's name of the colour space.
        size: (height, width) of the input in pixels.
        resize: Shorter side before the cut of the centre; ``None`` stretches the image to ``size``.
        mean: Subtracted from each channel, whose values are scaled to 0..1 before.
        std: Each channel is divided by it.
    """

    mode: PixelMode
    size: tuple[int, int]
    resize: int | None
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def channels(self) -> int:
        """Number of channels."""
        return len(self.mean)

    def as_dict(self) -> dict[str, Any]:
        """The ``preprocessing`` of a ``weight.json``."""
        return {
            "mode": self.mode,
            "size": list(self.size),
            "resize": self.resize,
            "crop": None if self.resize is None else "center",
            "mean": list(self.mean),
            "std": list(self.std),
        }

    def normalise(self, pixels: Tensor) -> Tensor:
        """uint8 (N, C, H, W) to float32 of the same shape, on the device where the pixels are."""
        scaled = v2.functional.to_dtype(pixels, torch.float32, scale=True)
        normalised: Tensor = v2.functional.normalize(scaled, list(self.mean), list(self.std))
        return normalised


def pixels_of(image: Image.Image) -> Tensor:
    """A Pillow image as uint8 (C, H, W)."""
    array = np.array(image, dtype=np.uint8)
    return torch.from_numpy(array[None] if array.ndim == 2 else np.ascontiguousarray(array.transpose(2, 0, 1)))


class Resizer:
    """Decoded images at the network's size, without any randomness."""

    def __init__(self, preparation: Preparation) -> None:
        self._mode = preparation.mode
        self._transform = build_transform([], preparation.size, resize=preparation.resize)

    def __call__(self, source: str | Path | bytes) -> Tensor:
        """uint8 (C, height, width).

        Raises:
            FormatError: The image cannot be decoded.
            UnsafeFileError: It has too many pixels.
        """
        return self._transform(pixels_of(load_image(source, self._mode)))


def prepare_for(graph: object, config: InputConfig) -> Preparation:
    """The preparation for a graph's input.

    Raises:
        GraphError: The graph does not take one image of 1 or 3 channels.
        ConfigError: ``mean`` has another number of channels, or ``resize`` is smaller than the input.
    """
    shapes = analyze(graph).input_shapes
    if len(shapes) != 1:
        raise GraphError(
            f"A classifier of images needs one input, but the graph has {len(shapes)}.",
            code="graph.inputs",
            hint="Keep one Input node.",
        )
    (node, axes), *_ = shapes.items()
    sizes = [axis for axis in axes if isinstance(axis, int)]
    if len(sizes) != 3 or sizes[0] not in _MODES:
        raise GraphError(
            "The input must be an image of 1 or 3 channels.",
            code="graph.input_shape",
            hint="Set the shape of the Input node to [3, height, width] or [1, height, width].",
            where=node,
        )
    channels, height, width = sizes
    mean = config.mean or (list(IMAGENET_MEAN) if channels == 3 else [0.5])
    std = config.std or (list(IMAGENET_STD) if channels == 3 else [0.5])
    if len(mean) != channels:
        raise ConfigError(
            f'"input.mean" has {len(mean)} values but the network takes {channels} channels.',
            hint=f"Give {channels} values, or none.",
            where="input.mean",
        )
    if config.resize is not None and config.resize < max(height, width):
        raise ConfigError(
            f'"input.resize" is {config.resize} but must be at least {max(height, width)}, the size of the input.',
            hint="Choose a larger value, or leave it empty.",
            where="input.resize",
        )
    return Preparation(_MODES[channels], (height, width), config.resize, tuple(mean), tuple(std))


def preparation_from(preprocessing: dict[str, Any]) -> Preparation:
    """The preparation that a ``weight.json`` tells.

    Raises:
        ConfigError: A key is missing or wrong.
    """
    try:
        height, width = (int(value) for value in preprocessing["size"])
        resize = preprocessing.get("resize")
        mode: PixelMode = "L" if preprocessing["mode"] == "L" else "RGB"
        mean = tuple(float(value) for value in preprocessing["mean"])
        std = tuple(float(value) for value in preprocessing["std"])
        if len(mean) != (1 if mode == "L" else 3) or len(std) != len(mean) or min(std) <= 0:
            raise ValueError("mean and std do not fit the mode")
        return Preparation(mode, (height, width), None if resize is None else int(resize), mean, std)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            "The weight does not say how images become its input.",
            code="weights.invalid_facts",
            hint="Upload it again and fill in the preprocessing.",
            where="preprocessing",
        ) from error
