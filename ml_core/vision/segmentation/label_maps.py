"""Maps of classes as PNG files: the value of a pixel is its class, 0 the background, n the n-th class."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from ml_core.data.annotations.rle import decode_mask

_MOST_IN_PALETTE = 255


def label_png(answer: dict[str, Any], classes: int) -> bytes:
    """The map of an answer, encoded.

    Args:
        answer: As `as_masks` gives it, with ``mask_size``.
        classes: Of the weight. Above 255 the PNG is grey with 16 bits, else it has the colours that Pascal VOC gives
            to its classes.
    """
    height, width = answer["mask_size"]
    values = np.zeros((height, width), dtype=np.uint16)
    for mask in answer["masks"]:
        values[decode_mask(height, width, np.array(mask["counts"], dtype=np.int64))] = mask["index"] + 1
    if classes > _MOST_IN_PALETTE:
        image = Image.fromarray(values)
    else:
        image = Image.fromarray(values.astype(np.uint8))
        image.putpalette(voc_palette())
    content = io.BytesIO()
    image.save(content, "PNG", optimize=True)
    return content.getvalue()


def voc_palette() -> list[int]:
    """Red, green and blue of 256 classes: the bits of the number, dealt in turn, the lowest to the highest bit."""
    colours = []
    for label in range(256):
        for channel in range(3):
            colours.append(sum(((label >> (3 * place + channel)) & 1) << (7 - place) for place in range(8)))
    return colours
