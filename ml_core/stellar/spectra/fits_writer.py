"""Writes FITS files of binary tables: small, the same bytes for the same values, and fast enough for a whole survey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_BLOCK: Final = 2880
_CODES: Final = {"f4": "E", "f8": "D", "i4": "J", "i8": "K", "i2": "I", "u1": "B"}

CardValue = str | int | float | bool


def fits_bytes(header: Mapping[str, CardValue], tables: Sequence[tuple[str, Mapping[str, NDArray[Any]]]]) -> bytes:
    """A FITS file.

    Args:
        header: Keywords of the primary header.
        tables: Name and columns of each table; a column has one row for each entry of its first axis, and is of
            numbers or of byte strings.
    """
    parts = [_header({"SIMPLE": True, "BITPIX": 8, "NAXIS": 0, "EXTEND": True, **header})]
    parts += [_table(name, columns) for name, columns in tables]
    return b"".join(parts)


def _table(name: str, columns: Mapping[str, NDArray[Any]]) -> bytes:
    arrays = {key: _big_endian(values) for key, values in columns.items()}
    rows = len(next(iter(arrays.values())))
    fields = [(key, values.dtype, values.shape[1:]) for key, values in arrays.items()]
    packed = np.zeros(rows, np.dtype(fields))
    cards: dict[str, CardValue] = {
        "XTENSION": "BINTABLE", "BITPIX": 8, "NAXIS": 2, "NAXIS1": packed.itemsize, "NAXIS2": rows, "PCOUNT": 0,
        "GCOUNT": 1, "TFIELDS": len(arrays),
    }  # fmt: skip
    for number, (key, values) in enumerate(arrays.items(), start=1):
        packed[key] = values
        repeat = int(np.prod(values.shape[1:], dtype=int))
        is_text = values.dtype.kind == "S"
        code = f"{values.dtype.itemsize}A" if is_text else f"{repeat}{_CODES[values.dtype.str[1:]]}"
        cards |= {f"TTYPE{number}": key, f"TFORM{number}": code}
    return _header({**cards, "EXTNAME": name}) + _pad(packed.tobytes(), b"\0")


def _big_endian(values: NDArray[Any]) -> NDArray[Any]:
    return values if values.dtype.kind == "S" else values.astype(values.dtype.newbyteorder(">"))


def _header(cards: Mapping[str, CardValue]) -> bytes:
    return _pad("".join(_card(key, value) for key, value in cards.items()).encode("ascii") + b"END".ljust(80), b" ")


def _card(key: str, value: CardValue) -> str:
    if isinstance(value, bool):
        text = "T" if value else "F"
        shown = f"{text:>20}"
    elif isinstance(value, str):
        quoted = "'" + value.replace("'", "''").ljust(8) + "'"
        shown = f"{quoted:<20}"
    else:
        shown = f"{value!r:>20}".replace("e", "E")
    return f"{key:<8}= {shown}".ljust(80)[:80]


def _pad(content: bytes, filler: bytes) -> bytes:
    return content + filler * (-len(content) % _BLOCK)
