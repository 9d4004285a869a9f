"""From a file to a square picture, by a choice of the user: cut the long side, or fill up the short one."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ml_core.data.decode import load_image

Fit = Literal["crop", "pad", "stretch"]
SIDE: Final = 160  # pixels that are kept of a picture: enough for inputs of 128 with room for crops
_ROOM: Final = 1.25  # of pixels around an input, for random crops
_HEAD_SHARE: Final = 0.25  # a tall picture loses a quarter of what it loses above, for heads are up there
_WHITE: Final = (255, 255, 255)


def square_picture(source: str | Path | bytes, fit: Fit = "crop", side: int = SIDE) -> Tensor:
    """Decode a picture, upright, transparency over white, as (3, side, side) uint8.

    ``crop`` keeps the largest square: the middle of a wide picture, the upper part of a tall one. ``pad`` keeps all
    and fills up with white. ``stretch`` keeps all and changes proportions.

    Raises:
        FormatError: The picture cannot be decoded.
        UnsafeFileError: It has too many pixels.
    """
    image = load_image(source, "RGB", draft=(2 * side, 2 * side))
    if fit == "crop":
        image = _shrunk(image, (side, side), _largest_square(image.width, image.height))
    elif fit == "pad":
        image = _padded(image, side)
    else:
        image = _shrunk(image, (side, side))
    return torch.from_numpy(np.array(image, dtype=np.uint8)).permute(2, 0, 1).contiguous()


def side_for(size: int) -> int:
    """Pixels to keep of a picture for a network's input of ``size``."""
    return max(SIDE, round(_ROOM * size))


def _largest_square(width: int, height: int) -> tuple[float, float, float, float]:
    short = min(width, height)
    left, top = (width - short) / 2, (height - short) * _HEAD_SHARE
    return left, top, left + short, top + short


def _padded(image: Image.Image, side: int) -> Image.Image:
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    ground = Image.new("RGB", (side, side), _WHITE)
    ground.paste(_shrunk(image, size), ((side - size[0]) // 2, (side - size[1]) // 2))
    return ground


def _shrunk(
    image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float] | None = None
) -> Image.Image:
    """Resized with care; what is far too large is averaged first, which is several times faster."""
    return image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=2.0)
