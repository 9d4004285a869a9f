"""Columns of a table file as plain lists: CSV as text, so that no digit is lost, the others through astropy."""

from __future__ import annotations

import csv
import io
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np

from ml_core.errors import FormatError

_MAX_BYTES: Final = 2 << 30


def read_columns(path: Path) -> dict[str, list[Any]]:
    """Columns by name; missing values are None, text is str, numbers are int or float.

    Raises:
        FormatError: ``catalogue.missing`` or ``catalogue.unreadable``.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise _unreadable(path, "it is larger than 2 GiB")
        with path.open("rb") as stream:
            start = stream.read(4096)
    except OSError as error:
        raise FormatError("The catalogue is missing or cannot be opened.", code="catalogue.missing",
                          hint="Check the path.", where=path.name) from error  # fmt: skip
    shown = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if shown.startswith((b"<!doctype html", b"<html")):
        raise _unreadable(path, "it is a web page")
    if start.startswith(b"SIMPLE  ="):
        return _by_astropy(path, "fits")
    if b"<votable" in shown:
        return _by_astropy(path, "votable")
    if shown.startswith(b"# %ecsv"):
        return _by_astropy(path, "ascii.ecsv")
    return _csv(path)


def _csv(path: Path) -> dict[str, list[Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(path, "it is neither text nor a VOTable or FITS table") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise _unreadable(path, "it is empty")
    delimiter = max(",;\t", key=lines[0].count)
    try:
        rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise _unreadable(path, f"{error}") from error
    header = [name.strip() for name in rows[0]]
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != len(header):
            raise _unreadable(path, f"row {number} has {len(row)} values where the header has {len(header)}")
    return {name: [row[at].strip() or None for row in rows[1:]] for at, name in enumerate(header)}


def _by_astropy(path: Path, kind: str) -> dict[str, list[Any]]:
    from astropy.table import Table

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # archives break small rules of these formats all the time
            # With mask_invalid, NaN would read as missing, which is the same here.
            table = Table.read(path, format=kind)
    # Parsers of four formats raise whatever they meet, their own warnings too; each means the same here.
    except Exception as error:
        raise _unreadable(path, _told(error, path)) from error
    return {name: _plain(table[name]) for name in table.colnames if table[name].ndim == 1}


def _told(error: Exception, path: Path) -> str:
    """The first line of what a parser said, without the path of this machine."""
    line = next(iter(str(error).splitlines()), "") or "it is damaged"
    return line.replace(str(path), path.name)[:200]


def _plain(column: Any) -> list[Any]:
    mask = np.broadcast_to(np.asarray(getattr(column, "mask", False)), len(column))
    values = np.asarray(column).tolist()
    return [
        None if hidden else value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        for value, hidden in zip(values, mask, strict=True)
    ]


def _unreadable(path: Path, why: str) -> FormatError:
    return FormatError(f"The catalogue cannot be read: {why.rstrip('.')}.", code="catalogue.unreadable",
                       hint="Use CSV with a header, VOTable, a FITS table or ECSV.", where=path.name)  # fmt: skip
