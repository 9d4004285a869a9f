"""Pictures of stars as networks take them: 128 x 128 in three channels, whatever was uploaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ml_core.data.decode import load_image, open_image
from ml_core.stellar.images.composite import SIDE


@dataclass(frozen=True)
class StarImage:
    """A picture and what was done to it.

    Attributes:
        pixels: (128, 128, 3), first row at the top.
        notes: Sentences about repairs; empty when the file was as the specification wants it.
    """

    pixels: NDArray[np.uint8]
    notes: tuple[str, ...] = ()


def image_file(name: str) -> str:
    """File name of a star's composite, ``{name}_image.jpg``."""
    return f"{name}_image.jpg"


def read_image(source: Path | bytes) -> StarImage:
    """Decode a picture; another size or mode is brought to 128 x 128 RGB and said in the notes.

    A picture that is not square is cut to its middle first, because the star stands there.

    Raises:
        FormatError: ``image.missing``, ``image.unknown_format``, ``image.truncated`` or ``image.damaged``.
        UnsafeFileError: ``image.too_large``.
    """
    where = source.name if isinstance(source, Path) else ""
    with open_image(source, where) as header:
        mode = header.mode
    image = load_image(source)
    notes = []
    if mode != "RGB":
        colours = "it has no colours" if mode in ("L", "1", "I", "F", "LA", "I;16") else "it was converted to RGB"
        notes.append(f"The picture has the mode {mode}: {colours}.")
    if image.size != (SIDE, SIDE):
        notes.append(f"The picture has {image.width} x {image.height} pixels and was scaled to {SIDE} x {SIDE}.")
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        square = image.crop((left, top, left + side, top + side))
        image = square.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return StarImage(np.asarray(image, np.uint8), tuple(notes))
