"""Reads the first binary tables of a FITS file, and nothing else: the part of the format that SDSS spectra use.

A general reader looks at every extension and every keyword; a survey has a hundred thousand files. This one follows
"Definition of the Flexible Image Transport System, version 4.0", sections 3.1 (blocks), 4 (headers) and 7.3 (binary
tables). Variable-length columns are known but not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import FormatError

_BLOCK: Final = 2880
_CARD: Final = 80
_END: Final = b"END" + b" " * (_CARD - 3)
_MAX_HEADER_BLOCKS: Final = 1000
_MAX_SHARED_HEADER: Final = 256 << 10
#: A spectrum of SDSS has 0.2 MB; the largest echelle spectra some 20 MB.
_MAX_TABLE_BYTES: Final = 256 << 20
_FORM: Final = re.compile(r" *(\d{0,12})([LXBIJKAEDCMPQ])")
_STRING: Final = re.compile(r"\s*'((?:[^']|'')*)'")
_BYTES: Final = {"L": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16, "P": 8, "Q": 16}
_TYPES: Final = {"B": ">u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}


@dataclass(frozen=True)
class Column:
    """Where a column lies in a row: byte offset, number of elements, FITS type letter, and how values are scaled."""

    offset: int
    repeat: int
    code: str
    unit: str
    scale: float
    zero: float


class FitsHeader:
    """Keywords of one header; values are understood when they are asked for."""

    def __init__(self, text: str) -> None:
        # From the last card to the first: of equal keywords the first counts, as in other readers.
        self._cards = {
            text[start : start + 8].rstrip(): text[start + 10 : start + _CARD]
            for start in range(len(text) - _CARD, -1, -_CARD)
            if text[start + 8] == "="
        }

    def text(self, key: str) -> str:
        """The value as text without quotes, or empty."""
        raw = self._cards.get(key, "")
        found = _STRING.match(raw)
        return found.group(1).replace("''", "'").strip() if found else raw.split("/", 1)[0].strip()

    def number(self, key: str, default: float = float("nan")) -> float:
        """The value as a number, or ``default`` where it is missing or none."""
        try:
            return float(self.text(key).replace("D", "E"))
        except ValueError:
            return default

    def integer(self, key: str, default: int = 0) -> int:
        """The value as a whole number, or ``default``."""
        try:
            return int(self.text(key))
        except ValueError:
            return default

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Columns of a table by name in capitals."""
        columns: dict[str, Column] = {}
        offset = 0
        for number in range(1, min(self.integer("TFIELDS"), 999) + 1):
            form = _FORM.match(self.text(f"TFORM{number}"))
            if form is None:
                break
            repeat, code = int(form.group(1) or 1), form.group(2)
            column = Column(offset, repeat, code, self.text(f"TUNIT{number}"), self.number(f"TSCAL{number}", 1.0),
                            self.number(f"TZERO{number}", 0.0))  # fmt: skip
            columns.setdefault(self.text(f"TTYPE{number}").upper(), column)
            offset += -(-repeat // 8) if code == "X" else repeat * _BYTES[code]
        if offset > self.integer("NAXIS1"):
            return {}
        return columns


#: The tables of one version of a pipeline have equal headers, so that a survey needs a few of these only.
_known_header = lru_cache(maxsize=64)(FitsHeader)


@dataclass(frozen=True)
class FitsTable:
    """A binary table; columns are found by name whatever its case."""

    name: str
    header: FitsHeader
    rows: int
    row_bytes: int
    columns: dict[str, Column]
    data: bytes

    def numbers(self, name: str) -> NDArray[Any] | None:
        """All values of a numeric column, native byte order, one row each; None where there is no such column."""
        column = self.columns.get(name.upper())
        if column is None or column.code not in _TYPES or not column.repeat:
            return None
        if not self.rows:
            return np.zeros(0)
        kind = np.dtype(_TYPES[column.code])
        shape, strides = (self.rows, column.repeat), (self.row_bytes, kind.itemsize)
        values = np.ndarray(shape, kind, self.data, column.offset, strides).astype(kind.newbyteorder("="))
        if (column.scale, column.zero) != (1.0, 0.0):
            values = values * column.scale + column.zero
        return values[:, 0] if column.repeat == 1 else values

    def text(self, name: str) -> str:
        """The first row's text (or whole number) in a column, or empty."""
        column = self.columns.get(name.upper())
        if column is None or not self.rows:
            return ""
        if column.code == "A":
            raw = self.data[column.offset : column.offset + column.repeat]
            return raw.split(b"\0", 1)[0].decode("ascii", "replace").strip()
        values = self.numbers(name)
        return "" if values is None else str(np.ravel(values)[0])

    def number(self, name: str) -> float:
        """The first row's number in a column, or NaN."""
        values = self.numbers(name)
        return float("nan") if values is None or not len(values) else float(np.ravel(values)[0])


@dataclass(frozen=True)
class FitsTables:
    """The primary header and the first binary tables of a file."""

    header: FitsHeader
    tables: tuple[FitsTable, ...]
    other_extensions: int


def read_tables(path: Path, limit: int = 2) -> FitsTables:
    """Read the primary header and at most ``limit`` binary tables, from the front of the file.

    Raises:
        FormatError: ``spectrum.missing``, ``spectrum.not_fits``, ``spectrum.truncated`` or ``spectrum.too_large``.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise FormatError("The spectrum file is missing or cannot be opened.", code="spectrum.missing",
                          hint="Bring the file back, or import the survey again.",
                          where=path.name) from error  # fmt: skip
    with stream:
        _refuse_other_files(stream.read(_CARD), path)
        stream.seek(0)
        header = _read_header(stream, path)
        assert header is not None  # an empty file was refused above
        end = path.stat().st_size
        stream.seek(_padded(_data_bytes(header, stream.tell(), end, path)), 1)
        tables: list[FitsTable] = []
        others = 0
        while len(tables) < limit and (extension := _read_header(stream, path)) is not None:
            size = _data_bytes(extension, stream.tell(), end, path)
            if extension.text("XTENSION") != "BINTABLE":
                others += 1
                stream.seek(_padded(size), 1)
                continue
            tables.append(_read_table(stream, extension, size, path))
    return FitsTables(header, tuple(tables), others)


def _refuse_other_files(start: bytes, path: Path) -> None:
    if start.startswith(b"SIMPLE  ="):
        return
    shown = start.lstrip().lower()
    if shown.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        message, hint = "The file is a web page, not a FITS file.", "The download failed: fetch the spectrum again."
    elif not start:
        message, hint = "The file is empty.", "Copy or download it again."
    elif start.startswith((b"\x1f\x8b", b"BZh", b"PK\x03\x04")):
        message, hint = "The file is packed, not a plain FITS file.", "Unpack it first."
    else:
        message, hint = "The file is not a FITS file.", "Choose a spectrum in FITS, such as spec-0618-52049-0372.fits."
    raise FormatError(message, code="spectrum.not_fits", hint=hint, where=path.name)


def _read_header(stream: BinaryIO, path: Path) -> FitsHeader | None:
    blocks: list[bytes] = []
    while len(blocks) < _MAX_HEADER_BLOCKS:
        block = stream.read(_BLOCK)
        if not block and not blocks:
            return None
        if len(block) < _BLOCK:
            raise truncated(path)
        start = -1
        while (start := block.find(_END, start + 1)) >= 0:
            if start % _CARD == 0:
                blocks.append(block[:start])
                text = b"".join(blocks).decode("latin-1")
                is_shared = text.startswith("XTENSION") and len(text) <= _MAX_SHARED_HEADER
                return _known_header(text) if is_shared else FitsHeader(text)
        blocks.append(block)
    raise FormatError("The header of the FITS file does not end.", code="spectrum.not_fits",
                      hint="Copy or download the file again.", where=path.name)  # fmt: skip


def _data_bytes(header: FitsHeader, start: int, end: int, path: Path) -> int:
    """Size of the data behind a header; refuses a header that promises more whole blocks than the file has."""
    axes = [header.integer(f"NAXIS{axis + 1}") for axis in range(min(header.integer("NAXIS"), 999))]
    if not axes:
        return 0
    values = 1
    for length in axes:
        values *= max(0, length)
    groups = max(0, header.integer("GCOUNT", 1))
    size = abs(header.integer("BITPIX")) // 8 * groups * (max(0, header.integer("PCOUNT")) + values)
    if _padded(size) > end - start:
        raise truncated(path)
    return size


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _read_table(stream: BinaryIO, header: FitsHeader, size: int, path: Path) -> FitsTable:
    row_bytes, rows = max(0, header.integer("NAXIS1")), max(0, header.integer("NAXIS2"))
    if size > _MAX_TABLE_BYTES:
        raise FormatError(f"The table of the FITS file has {size / 1e6:,.0f} MB, too much for a spectrum.",
                          code="spectrum.too_large", hint="Choose the file of one spectrum.",
                          where=path.name)  # fmt: skip
    data = stream.read(row_bytes * rows)
    if len(data) < row_bytes * rows:
        raise truncated(path)
    stream.seek(_padded(size) - len(data), 1)
    columns = header.columns
    if not columns and header.integer("TFIELDS"):
        raise FormatError("The columns of the FITS table do not fit into its rows.", code="spectrum.not_fits",
                          hint="Copy or download the file again.", where=path.name)  # fmt: skip
    return FitsTable(header.text("EXTNAME"), header, rows, row_bytes, columns, data)


def truncated(path: Path) -> FormatError:
    """The error for a file that ends before its own header says."""
    return FormatError("The FITS file is cut short: its last part is missing.", code="spectrum.truncated",
                       hint="Copy or download it again.", where=path.name)  # fmt: skip
