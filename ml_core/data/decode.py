"""One safe way from image bytes to pixels: training, prediction, statistics and thumbnails all decode here.

A picture from outside may lie about its size, be cut short, carry a rotation flag or an odd colour space. All of
that is settled once, so that what a person sees, what a network trains on and what it predicts on are equal.
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, Final, Literal

import numpy as np
from PIL import Image, UnidentifiedImageError

from ml_core.errors import FormatError, UnsafeFileError

PixelMode = Literal["RGB", "L"]
ImageSource = str | Path | bytes

#: Formats that Pillow decodes in process; JPEG includes the MPO of telephones. EPS and PDF would start other programs,
#: and SVG is a document that may hold scripts.
FORMATS: Final = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM")

#: About 9,459 x 9,459: Pillow's own bound, beyond which it warns. Decoded as RGB this costs 268 MB.
MAX_PIXELS: Final = 89_478_485

#: What Pillow's decoders are known to raise on damaged files. A fault outside this list is a defect of ours.
DECODER_FAULTS: Final = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, AttributeError,
    struct.error, zlib.error,
)  # fmt: skip

#: The second one is an exception only where warnings are errors.
_BOMBS: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)

_ORIENTATION_TAG: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIXTEEN_BIT: Final = ("I;16", "I;16L", "I;16B", "I;16N", "I")


def load_image(
    source: ImageSource | BinaryIO,
    mode: PixelMode = "RGB",
    *,
    max_pixels: int = MAX_PIXELS,
    draft: tuple[int, int] | None = None,
) -> Image.Image:
    """Decode an image completely, upright, as 8 bits a channel.

    The first frame of an animation is used. EXIF orientation is applied (values outside 1..8 count as upright),
    transparency is laid over white, 16-bit grey is scaled by 1/257, CMYK and palettes become RGB.

    Args:
        source: A path, the bytes of a file, or an open file at its start.
        mode: ``"RGB"`` for three channels or ``"L"`` for one.
        max_pixels: Larger pictures are refused before any pixel is decoded.
        draft: (width, height) that is enough for the caller; a JPEG is then decoded at 1/2, 1/4 or 1/8 of its
            size while it stays at least this large. Fast, but not bit-equal to the full decode.

    Returns:
        An image that holds its pixels and no open file.

    Raises:
        UnsafeFileError: ``image.too_large``, more pixels than ``max_pixels``.
        FormatError: ``image.missing``, ``image.unknown_format``, ``image.truncated``, ``image.damaged`` or
            ``image.unsupported_mode``. ``where`` is the file's name.
    """
    where = Path(source).name if isinstance(source, str | Path) else ""
    with open_image(source, where) as image:
        if image.width * image.height > max_pixels:
            raise too_large(where, f"{image.width} x {image.height} pixels", max_pixels)
        orientation = read_orientation(image)
        try:
            if draft is not None:
                image.draft(mode, draft)
            image.load()
            pixels = to_mode(image, mode, where)
        except _BOMBS as error:
            raise too_large(where, "too many pixels", max_pixels) from error
        except DECODER_FAULTS as error:
            raise damaged_image(error, where) from error
    turn = _TURNS.get(orientation)
    return pixels if turn is None else pixels.transpose(turn)


def read_orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8. Invalid values (0 and 65537 are seen in the wild) and damaged EXIF give 1."""
    try:
        # The method of the base class: the one of PNG decodes all pixels in search of EXIF behind them.
        value = Image.Image.getexif(image).get(_ORIENTATION_TAG, 1)
    except DECODER_FAULTS:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def to_mode(image: Image.Image, mode: PixelMode, where: str = "") -> Image.Image:
    """Convert a loaded image to 8-bit ``mode``; one that has it is returned as it is.

    Raises:
        FormatError: Floating-point pixels, whose range nobody can know.
    """
    if image.mode == "F":
        raise FormatError(
            "The image has floating-point pixels, so its range of brightness is unknown.",
            code="image.unsupported_mode", hint="Save it as an 8-bit or 16-bit PNG.", where=where,
        )  # fmt: skip
    if image.mode in _SIXTEEN_BIT:
        # Pillow's own conversion to L clips at 255 and turns most 16-bit pictures white.
        wide = np.asarray(image).astype(np.int64).clip(0, 65_535)
        image = Image.fromarray(((wide + 128) // 257).astype(np.uint8))
    elif image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        clear = image if image.mode == "RGBA" else image.convert("RGBA")
        image = Image.new("RGB", clear.size, (255, 255, 255))
        image.paste(clear, mask=clear)
    return image if image.mode == mode else image.convert(mode)


def open_image(source: ImageSource | BinaryIO, where: str) -> Image.Image:
    """Read the header of an image; no pixel is decoded.

    Raises:
        UnsafeFileError: ``image.too_large``.
        FormatError: As `load_image`.
    """
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        return Image.open(stream, formats=FORMATS)
    except FileNotFoundError as error:
        raise FormatError("The image file is missing.", code="image.missing",
                          hint="Bring the file back, or import the folder again.", where=where) from error  # fmt: skip
    except _BOMBS as error:
        raise too_large(where, "too many pixels", MAX_PIXELS) from error
    except UnidentifiedImageError as error:
        raise FormatError(
            "The file is not an image in a known format.", code="image.unknown_format",
            hint="Use JPEG, PNG, WebP, BMP, GIF, TIFF or PPM.", where=where,
        ) from error  # fmt: skip
    except DECODER_FAULTS as error:
        raise damaged_image(error, where) from error


def too_large(where: str, size: str, max_pixels: int) -> UnsafeFileError:
    """The error for a pixel flood."""
    return UnsafeFileError(
        f"The image has {size}, more than the {max_pixels:,} that are decoded.",
        code="image.too_large", hint="Cut it into tiles or scale it down.", where=where,
    )  # fmt: skip


def damaged_image(error: BaseException, where: str) -> FormatError:
    """The error for what Pillow said about a file: cut short, or damaged otherwise."""
    text = str(error).lower()
    if "truncated" in text or "not processed" in text or isinstance(error, EOFError):
        return FormatError("The image is cut short: its last part is missing.", code="image.truncated",
                           hint="Copy or download the file again.", where=where)  # fmt: skip
    return FormatError("The image is damaged and cannot be decoded.", code="image.damaged",
                       hint="Open it in an image editor and save it again, or replace it.", where=where)  # fmt: skip
