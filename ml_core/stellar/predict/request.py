"""One star on its way to the inference worker: the files as they were uploaded, in one piece of bytes. Free of torch.

``length of the header (4 bytes) | header as JSON | bytes of the spectrum | bytes of the picture``.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass, field
from typing import Any, Final

from ml_core.errors import FormatError
from ml_core.stellar.spectra.spectrum import BANDS

_LENGTH: Final = struct.Struct(">I")
_MAX_HEADER_BYTES: Final = 64 * 1024
_MAX_NAME: Final = 255


@dataclass(frozen=True)
class StarRequest:
    """What is known of a star.

    Attributes:
        spectrum: Bytes of a file in any format that `read_any_spectrum` knows; None without.
        spectrum_name: Its name, whose ending may tell the format.
        image: Bytes of a picture; None without.
        image_name: Its name.
        magnitudes: By band, of those that are known.
        attribution: Whether to tell which regions decided; costs some hundred more answers.
    """

    spectrum: bytes | None = None
    spectrum_name: str = ""
    image: bytes | None = None
    image_name: str = ""
    magnitudes: dict[str, float] = field(default_factory=dict)
    attribution: bool = False


def pack_star(star: StarRequest) -> bytes:
    """A request as bytes.

    Raises:
        FormatError: ``star.empty`` without spectrum, picture and at least two magnitudes.
    """
    known = {band: float(value) for band, value in star.magnitudes.items() if band in BANDS and math.isfinite(value)}
    if star.spectrum is None and star.image is None and len(known.keys() - {"u"}) < 2:
        raise _nothing()
    header = {
        "spectrum": None if star.spectrum is None else len(star.spectrum),
        "image": None if star.image is None else len(star.image),
        "spectrum_name": star.spectrum_name[-_MAX_NAME:], "image_name": star.image_name[-_MAX_NAME:],
        "magnitudes": known, "attribution": star.attribution,
    }  # fmt: skip
    text = json.dumps(header).encode()
    return b"".join((_LENGTH.pack(len(text)), text, star.spectrum or b"", star.image or b""))


def unpack_star(content: bytes) -> StarRequest:
    """The request of `pack_star`.

    Raises:
        FormatError: ``star.damaged`` when it is none.
    """
    try:
        (length,) = _LENGTH.unpack_from(content)
        if length > _MAX_HEADER_BYTES:
            raise ValueError(length)
        start = _LENGTH.size + length
        header: dict[str, Any] = json.loads(content[_LENGTH.size : start])
        spectrum, image = header["spectrum"], header["image"]
        middle = start + (spectrum or 0)
        if len(content) != middle + (image or 0):
            raise ValueError(len(content))
        return StarRequest(
            spectrum=None if spectrum is None else content[start:middle], spectrum_name=str(header["spectrum_name"]),
            image=None if image is None else content[middle:], image_name=str(header["image_name"]),
            magnitudes={str(band): float(value) for band, value in header["magnitudes"].items()},
            attribution=bool(header["attribution"]),
        )  # fmt: skip
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            "These bytes are no request about a star.", code="star.damaged", where="star",
            hint="Send a spectrum or an image over the page for single stars.",
        ) from error  # fmt: skip


def _nothing() -> FormatError:
    return FormatError(
        "There is neither a spectrum nor an image.", code="star.empty", where="star",
        hint="Choose a spectrum (FITS), an image, or both.",
    )  # fmt: skip
