"""Looks at an image file without decoding it: what it is, how large, whether it is whole.

Reads each file once, for its SHA-256 and its header together. A file whose end looks wrong is decoded after all, and
the decoder decides; a good file never is.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import struct
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO, Final

from PIL import Image

from ml_core.data.decode import (
    DECODER_FAULTS,
    MAX_PIXELS,
    damaged_image,
    load_image,
    open_image,
    read_orientation,
    too_large,
)
from ml_core.errors import CodedError, FormatError

#: Extensions of what claims to be an image, with the format that they promise. None: known, but not taken.
EXTENSIONS: Final[dict[str, str | None]] = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".mpo": "JPEG", ".png": "PNG", ".gif": "GIF",
    ".bmp": "BMP", ".dib": "BMP", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF", ".ppm": "PPM", ".pgm": "PPM",
    ".pbm": "PPM", ".pnm": "PPM", ".svg": None, ".svgz": None, ".heic": None, ".heif": None, ".avif": None,
    ".eps": None, ".psd": None, ".raw": None, ".dng": None, ".nef": None, ".cr2": None, ".arw": None, ".jp2": None,
    ".jxl": None, ".ico": None, ".tga": None,
}  # fmt: skip

_WHOLE_BYTES: Final = 16 << 20  # up to here a file is read at once
_TAIL_BYTES: Final = 64 << 10
_SWAPS_SIDES: Final = range(5, 9)


@dataclass(frozen=True)
class ImageFacts:
    """What a manifest says about an image.

    Attributes:
        width: Pixels across as people see it, after EXIF orientation.
        height: Pixels down, likewise.
        mode: Pillow's mode of the stored pixels, such as ``RGB``, ``L``, ``CMYK`` or ``P``.
        format: Real format, found from the content: ``JPEG``, ``PNG``...
        orientation: EXIF orientation, 1 to 8.
        size_bytes: Size of the file.
        sha256: Hex digest of the file.
        extension_differs: The name promises another format.
    """

    width: int
    height: int
    mode: str
    format: str
    orientation: int
    size_bytes: int
    sha256: str
    extension_differs: bool


def _extension(name: str) -> str:
    return PurePath(name).suffix.lower()


def claims_to_be_image(name: str) -> bool:
    """Whether the extension is one of an image."""
    return _extension(name) in EXTENSIONS


def inspect_image(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> ImageFacts:
    """Read facts and SHA-256 of an image file.

    Raises:
        UnsafeFileError: ``image.too_large``, found from the header.
        FormatError: ``image.empty``, ``image.unsupported``, ``image.unknown_format``, ``image.truncated``,
            ``image.damaged``, ``image.animated`` or ``image.missing``.
    """
    name = PurePath(path).name
    if EXTENSIONS.get(_extension(name), "") is None:
        raise FormatError("This image format is not taken.", code="image.unsupported",
                          hint="Convert it to JPEG or PNG.", where=name)  # fmt: skip
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise FormatError("The file cannot be opened.", code="image.missing", hint="Check its permissions.",
                          where=name) from error  # fmt: skip
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FormatError("This is a device or a pipe, not a file.", code="image.unsupported",
                              hint="Remove it from the folder.", where=name)  # fmt: skip
        size = status.st_size
        if size == 0:
            raise FormatError("The file is empty.", code="image.empty", hint="Copy or download it again.", where=name)
        if size <= _WHOLE_BYTES:
            data = stream.read(size)
            digest = hashlib.sha256(data).hexdigest()
            return _facts(io.BytesIO(data), data, name, size, digest, max_pixels)
        # The same open file all along: opened by its name again, it could have become a link meanwhile.
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        stream.seek(0)
        return _facts(stream, stream, name, size, digest, max_pixels)


def _facts(
    stream: BinaryIO, source: BinaryIO | bytes, name: str, size: int, digest: str, max_pixels: int
) -> ImageFacts:
    with open_image(stream, name) as image:
        width, height = image.size
        if width * height > max_pixels:
            raise too_large(name, f"{width} x {height} pixels", max_pixels)
        orientation = read_orientation(image)
        try:
            whole = _looks_whole(image, stream, size)
            kind, mode = "JPEG" if image.format == "MPO" else str(image.format), image.mode
            animated = _is_animated(image)  # may leave the image at its second page
        except DECODER_FAULTS as error:
            raise damaged_image(error, name) from error
    if animated:
        raise FormatError("The image is an animation or has several pages.", code="image.animated",
                          hint="Save the frame that counts as PNG or JPEG.", where=name)  # fmt: skip
    if not whole:
        if not isinstance(source, bytes):
            source.seek(0)
        try:
            load_image(source, max_pixels=max_pixels)
        except CodedError as error:
            error.where = name
            raise
    if orientation in _SWAPS_SIDES:
        width, height = height, width
    promised = EXTENSIONS.get(_extension(name))
    differs = promised is not None and promised != kind
    return ImageFacts(width, height, mode, kind, orientation, size, digest, differs)


def _looks_whole(image: Image.Image, stream: BinaryIO, size: int) -> bool:
    """Whether the end of the file is there. False means "doubtful". Called before anything else moves the stream."""
    if image.format in ("JPEG", "MPO"):
        # Pillow stops behind the start of the first scan; before it, a thumbnail may hold an end marker of its own.
        return _find_in_tail(stream, max(stream.tell(), 0), size, b"\xff\xd9")
    if image.format == "PNG":
        return _find_in_tail(stream, 0, size, b"IEND")
    if image.format == "GIF":
        return _find_in_tail(stream, 0, size, b"\x3b", last=1)
    if image.format == "WEBP":
        stream.seek(4)
        return int(struct.unpack("<I", stream.read(4))[0]) + 8 <= size
    return False  # BMP, PPM and TIFF have no mark at their end


def _find_in_tail(stream: BinaryIO, start: int, size: int, mark: bytes, last: int = _TAIL_BYTES) -> bool:
    """Whether ``mark`` is among the last bytes. Cameras append their own data behind the end of a JPEG."""
    stream.seek(max(start, size - last))
    return mark in stream.read(last)


def _is_animated(image: Image.Image) -> bool:
    if image.format in ("JPEG", "MPO"):  # the second picture of a telephone's MPO is a preview or a depth map
        return False
    if image.format == "TIFF":
        return _has_second_page(image)
    return bool(getattr(image, "is_animated", False))


def _has_second_page(image: Image.Image) -> bool:
    """Whether there is one. Pillow's count walks all pages, and looks each up among those before: minutes for many."""
    try:
        image.seek(1)
    except EOFError:
        return False
    return True
