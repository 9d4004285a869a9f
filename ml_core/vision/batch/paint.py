"""Answers drawn into a picture: boxes with their class, masks, or the class of the whole picture."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ml_core.data.annotations.rle import decode_mask

#: Of classes in turn, as on the pages: bright on photographs.
COLOURS: Final = ("#4f8dff", "#ff8a3d", "#2ecc71", "#c77dff", "#22d3ee", "#ff5ca8", "#ffe14d", "#d6dde2")
_GROUND, _INK = "#0a0e10", "#ffffff"
_STRENGTH = 0.45
_PARTS = 320  # the longer side of a picture divided by the width of a line
_LETTERS = 40  # and by the height of a letter
_MOST_NAMES = 3


def paint(picture: Image.Image, answer: dict[str, Any]) -> Image.Image:
    """An RGB picture with what the answer says; the given one is not changed."""
    image = _with_masks(picture, answer) if answer.get("masks") else picture.copy()
    draw = ImageDraw.Draw(image)
    side = max(image.size)
    font = _font(max(10, side // _LETTERS))
    for box in reversed(answer.get("boxes", ())):  # the most probable one on top
        colour = COLOURS[box["index"] % len(COLOURS)]
        draw.rectangle(box["box"], outline=colour, width=max(1, side // _PARTS))
        _label(draw, (box["box"][0], box["box"][1]), f"{box['class']} {box['probability']:.0%}", colour, font)
    words = [f"{one['class']} {one['probability']:.0%}" for one in answer.get("top", ())[:1]]
    words += [f"{one['class']} {one['share']:.0%}" for one in answer.get("masks", ())[:_MOST_NAMES]]
    if words:
        _label(draw, (0, font.size * 1.4), ", ".join(words), _INK, font)
    return image


def _with_masks(picture: Image.Image, answer: dict[str, Any]) -> Image.Image:
    height, width = answer["mask_size"]
    pixels = np.asarray(picture.convert("RGB")).astype(np.float32)
    for mask in answer["masks"]:
        inside = decode_mask(height, width, np.array(mask["counts"], dtype=np.int64))
        if inside.shape != pixels.shape[:2]:
            resized = Image.fromarray(inside).resize(picture.size, Image.Resampling.NEAREST)
            inside = np.asarray(resized).astype(bool)
        colour = np.array([int(COLOURS[mask["index"] % len(COLOURS)][at : at + 2], 16) for at in (1, 3, 5)])
        pixels[inside] += _STRENGTH * (colour - pixels[inside])
    return Image.fromarray(pixels.round().astype(np.uint8))


def _label(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, colour: str, font: ImageFont.FreeTypeFont
) -> None:
    """A line of text above a place, or below it where there is no room."""
    left, top = at[0], at[1] - font.size * 1.4
    if top < 0:
        top = at[1]
    draw.rectangle(draw.textbbox((left + 2, top + 1), text, font=font), fill=_GROUND)
    draw.text((left + 2, top + 1), text, fill=colour, font=font)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
