"""Counts a zip archive's members without building an object for each: the first gate before the archive is opened.

``zipfile`` reads the whole central directory into memory and makes an object for each of its entries, whatever the
archive declares. A crafted directory of a gigabyte would cost many times that, so it is walked here first.
Layout: PKWARE APPNOTE.TXT, sections 4.3.12 to 4.3.16.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

from ml_core.errors import FormatError, UnsafeFileError

_END: Final = struct.Struct("<4s4H2LH")
_END_MARK: Final = b"PK\x05\x06"
_END64_LOCATOR: Final = struct.Struct("<4sLQL")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_ENTRY_BYTES: Final = 46
_ENTRY_MARK: Final = b"PK\x01\x02"
_MAX_COMMENT: Final = 65_535

#: Bytes of directory for each member that may be there: a long name in UTF-8 with extra fields for times and owner.
_ENTRY_BYTES_USUAL: Final = 1_024
_DIRECTORY_BYTES_FREE: Final = 1 << 20


def count_members(stream: BinaryIO, limit: int) -> int:
    """How many entries the central directory holds; stops counting at ``limit`` + 1.

    Raises:
        FormatError: ``archive.not_zip`` or ``archive.damaged``.
        UnsafeFileError: ``archive.directory_too_large``: few entries with comments and extra fields of 64 kB each
            would take as much memory as very many.
    """
    start, size = _directory_bounds(stream)
    if size > _DIRECTORY_BYTES_FREE + limit * _ENTRY_BYTES_USUAL:
        raise UnsafeFileError(
            f"The archive's table of contents takes {size:,} bytes, more than any plain archive needs.",
            code="archive.directory_too_large", hint="Pack the folder again without comments on its files.",
        )  # fmt: skip
    count, position = 0, start
    while position + _ENTRY_BYTES <= start + size and count <= limit:
        stream.seek(position)
        entry = stream.read(_ENTRY_BYTES)
        if len(entry) < _ENTRY_BYTES or entry[:4] != _ENTRY_MARK:
            raise damaged()
        position += _ENTRY_BYTES + sum(struct.unpack_from("<3H", entry, 28))
        count += 1
    return count


def _directory_bounds(stream: BinaryIO) -> tuple[int, int]:
    """Start and size in bytes of the central directory. It ends where its end record begins."""
    length = stream.seek(0, 2)
    tail_start = max(0, length - _END.size - _MAX_COMMENT)
    stream.seek(tail_start)
    tail = stream.read()
    at = tail.rfind(_END_MARK)
    if at < 0 or at + _END.size > len(tail):
        raise FormatError("The file is not a zip archive.", code="archive.not_zip",
                          hint="Pack the folder as .zip; .rar, .7z and .tar are not taken.")  # fmt: skip
    end, size = tail_start + at, _END.unpack_from(tail, at)[5]
    stream.seek(max(0, end - _END64_LOCATOR.size))
    locator = stream.read(_END64_LOCATOR.size)
    if locator[:4] == b"PK\x06\x07" and end >= _END64_LOCATOR.size + _END64.size:
        end -= _END64_LOCATOR.size + _END64.size
        stream.seek(end)
        record = stream.read(_END64.size)
        if record[:4] != b"PK\x06\x06":
            raise damaged()
        size = _END64.unpack(record)[8]
    if size > end:
        raise damaged()
    return end - size, size


def damaged() -> FormatError:
    """The archive's structure is broken."""
    return FormatError("The zip archive is damaged.", code="archive.damaged", hint="Pack and upload it again.")
