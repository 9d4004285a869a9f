"""An image and a text on their way to the inference worker, in one piece of bytes. Free of torch.

``length of the header (4 bytes) | header as JSON | bytes of the image``.
"""

from __future__ import annotations

import json
import struct
from typing import Any, Final

from ml_core.errors import FormatError

_LENGTH: Final = struct.Struct(">I")
_MAX_HEADER_BYTES: Final = 64 * 1024
_MAX_TEXT: Final = 2_000


def pack_question(text: str = "", image: bytes | None = None, **settings: int) -> bytes:
    """A question as bytes.

    Args:
        text: Words; may be empty where there is an image.
        image: A file of any format that can be decoded.
        settings: Numbers that the answer is made by.

    Raises:
        FormatError: ``anime.empty_question`` without text and image.
    """
    if image is None and not text.strip():
        raise FormatError(
            "There is neither an image nor a text.",
            code="anime.empty_question",
            hint="Choose an image, or write some words.",
            where="text",
        )
    header = json.dumps({"text": text.strip()[:_MAX_TEXT], "has_image": image is not None, **settings}).encode()
    return b"".join((_LENGTH.pack(len(header)), header, image or b""))


def unpack_question(content: bytes) -> tuple[dict[str, Any], bytes | None]:
    """Header (``text``, ``has_image``, settings) and image of `pack_question`; any other bytes are an image by itself.

    Raises:
        FormatError: ``anime.damaged_question`` when it is a damaged one.
    """
    if content[:1] != b"\0" or content[_LENGTH.size : _LENGTH.size + 1] != b"{":  # no format of images begins so
        return {"text": "", "has_image": True}, content
    try:
        (length,) = _LENGTH.unpack_from(content)
        if length > _MAX_HEADER_BYTES:
            raise ValueError(length)
        header = json.loads(content[_LENGTH.size : _LENGTH.size + length])
        header["text"] = str(header["text"])[:_MAX_TEXT]
        return header, content[_LENGTH.size + length :] if header["has_image"] else None
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise FormatError(
            "These bytes are no question about a character.",
            code="anime.damaged_question",
            hint="Ask over the pages or the API.",
            where="image",
        ) from error
