"""A question about a character as one tensor, so that the inference worker can stack several."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from ml_core.anime.collection.square import Fit, square_picture
from ml_core.anime.fusion.request import unpack_question

MOST_WANTED: Final = 1_000  # of a list of answers
_TEXT_BYTES: Final = 8_192  # room for the longest text
_USUAL: Final = 24
_START: Final = 3  # whether there is an image, and two bytes of how many answers are wanted


def as_record(content: bytes, fit: Fit, side: int) -> Tensor:
    """A packed question (see `pack_question`) as uint8: flags, the text's bytes, the pixels of the square.

    Raises:
        FormatError: The question or the image cannot be read.
        UnsafeFileError: The image has too many pixels.
    """
    header, image = unpack_question(content)
    wanted = min(MOST_WANTED, max(1, int(header.get("limit", _USUAL))))
    record = torch.zeros(_START + _TEXT_BYTES + 3 * side**2, dtype=torch.uint8)
    record[:_START] = torch.tensor([image is not None, wanted // 256, wanted % 256], dtype=torch.uint8)
    text = torch.frombuffer(bytearray(header["text"].encode()[:_TEXT_BYTES] or b"\0"), dtype=torch.uint8)
    record[_START : _START + len(text)] = text
    if image is not None:
        record[_START + _TEXT_BYTES :] = square_picture(image, fit, side).flatten()
    return record


def read_record(record: Tensor, side: int) -> tuple[str, Tensor | None, int]:
    """Text, pixels (1, 3, side, side) or None, and how many answers are wanted."""
    text = bytes(record[_START : _START + _TEXT_BYTES].numpy()).rstrip(b"\0").decode(errors="ignore")
    pixels = record[_START + _TEXT_BYTES :].view(1, 3, side, side) if record[0] else None
    return text, pixels, 256 * int(record[1]) + int(record[2])
