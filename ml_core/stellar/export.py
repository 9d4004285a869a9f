"""Tables of stars as files for other programs: CSV, VOTable and FITS, with units, and with names as texts.

Names are numbers of 18 and more digits: a column of floats would lose the last ones. CSV carries its units as ECSV
does (Robitaille et al., APE 6: https://github.com/astropy/astropy-APEs/blob/main/APE6.rst), in comment lines that
plain readers of CSV are told to skip; without them it is CSV and nothing else.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from ml_core.data.manifest import safe_cell
from ml_core.errors import CodedError

FORMATS: Final[dict[str, tuple[str, str]]] = {
    "csv": (".csv", "text/csv; charset=utf-8"), "votable": (".vot", "application/x-votable+xml"),
    "fits": (".fits", "application/fits"),
}  # fmt: skip
"""Name to ending and type of the file."""
_VOTABLE_TYPES: Final = {
    "text": {"datatype": "unicodeChar", "arraysize": "*"}, "number": {"datatype": "double"},
    "whole": {"datatype": "long"}, "flag": {"datatype": "boolean"},
}  # fmt: skip
_FITS_CODES: Final = {"number": "D", "whole": "K", "flag": "I"}
_UNKNOWN: Final = -1
"""Stands for a whole number that is not known; said in the header of its column."""
_PIECE: Final = 5_000
_ECSV_TYPES: Final = {"text": "string", "number": "float64", "whole": "int64", "flag": "bool"}


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: Of the column.
        kind: ``text``, ``number``, ``whole`` or ``flag``.
        unit: In the writing of VOUnits; empty for none.
        ucd: Unified content descriptor of the IVOA.
        description: One line.
    """

    name: str
    kind: str
    unit: str = ""
    ucd: str = ""
    description: str = ""


def write_table(
    path: Path, form: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]], *,
    about: Mapping[str, str] | None = None, plain: bool = False,
) -> None:  # fmt: skip
    """Write a table, without holding all of its rows as objects.

    Args:
        path: The file to write.
        form: One of `FORMATS`.
        columns: In their order.
        rows: Cells in the order of the columns; None where nothing is known.
        about: Facts about the whole table.
        plain: CSV alone: without the lines about units.

    Raises:
        CodedError: ``export.format``.
    """
    told = about or {}
    if form == "fits":
        _fits(columns, rows, told).writeto(path, overwrite=True)
        return
    if form not in FORMATS:
        raise CodedError(f'There is no format "{form[:20]}".', code="export.format", where="format",
                         hint=f"One of: {', '.join(FORMATS)}.")  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as stream:
        if form == "csv":
            _write_csv(stream, columns, rows, told, plain)
        else:
            stream.writelines(_votable(columns, rows, told))


def _write_csv(
    stream: IO[str], columns: Sequence[Column], rows: Iterable[Sequence[Any]], about: Mapping[str, str],
    plain: bool,
) -> None:  # fmt: skip
    if not plain:
        stream.write(_ecsv_header(columns, about))
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.name for column in columns])
    for row in rows:
        writer.writerow([_cell(value, column.kind, plain) for value, column in zip(row, columns, strict=True)])


def _ecsv_header(columns: Sequence[Column], about: Mapping[str, str]) -> str:
    lines = ["%ECSV 1.0", "---", "delimiter: ','", "datatype:"]
    for column in columns:
        facts = {"name": column.name, "datatype": _ECSV_TYPES[column.kind]}
        facts |= {key: value for key, value in (("unit", column.unit), ("description", column.description)) if value}
        lines.append(f"- {json.dumps(facts)}")  # a line of JSON is a line of YAML
    lines.append(f"meta: {json.dumps(dict(about))}")
    return "".join(f"# {line}\n" for line in lines)


def _cell(value: Any, kind: str, plain: bool) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if kind == "flag":
        return ("1" if value else "0") if plain else str(bool(value))
    return safe_cell(value) if isinstance(value, str) else repr(value)


def _votable(columns: Sequence[Column], rows: Iterable[Sequence[Any]], about: Mapping[str, str]) -> Iterator[str]:
    """VOTable 1.4 (https://www.ivoa.net/documents/VOTable/20191021/), its cells as text."""
    yield '<?xml version="1.0" encoding="utf-8"?>\n'
    yield '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n<RESOURCE type="results">\n'
    for key, value in about.items():
        yield f"<INFO name={quoteattr(key)} value={quoteattr(str(value))}/>\n"
    yield '<TABLE name="stars">\n'
    yield from (_field(column) for column in columns)
    yield "<DATA><TABLEDATA>\n"
    kinds = [column.kind for column in columns]
    for row in rows:
        cells = "".join(f"<TD>{_votable_cell(value, kind)}</TD>" for value, kind in zip(row, kinds, strict=True))
        yield f"<TR>{cells}</TR>\n"
    yield "</TABLEDATA></DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n"


def _field(column: Column) -> str:
    facts = {"name": column.name, **_VOTABLE_TYPES[column.kind], "unit": column.unit, "ucd": column.ucd}
    said = " ".join(f"{key}={quoteattr(value)}" for key, value in facts.items() if value)
    unknown = f'<VALUES null="{_UNKNOWN}"/>' if column.kind == "whole" else ""
    return f"<FIELD {said}><DESCRIPTION>{escape(column.description)}</DESCRIPTION>{unknown}</FIELD>\n"


def _votable_cell(value: Any, kind: str) -> str:
    if kind == "text":
        return escape(value or "")
    if kind == "flag":
        return "?" if value is None else "T" if value else "F"
    if kind == "whole":
        return str(_UNKNOWN if value is None else value)
    return "NaN" if value is None else repr(value)


def _fits(columns: Sequence[Column], rows: Iterable[Sequence[Any]], about: Mapping[str, str]) -> Any:
    """Numbers that are not known are NaN, whole ones and flags TNULL; a flag is 1 or 0."""
    from astropy.io import fits

    made = []
    for column, values in zip(columns, _arrays(columns, rows), strict=True):
        code = f"{max(1, values.dtype.itemsize)}A" if column.kind == "text" else _FITS_CODES[column.kind]
        null = _UNKNOWN if column.kind in ("whole", "flag") else None
        made.append(fits.Column(column.name, code, unit=column.unit or None, null=null, array=values))
    hdu = fits.BinTableHDU.from_columns(made, name="STARS")
    for number, column in enumerate(columns, start=1):
        hdu.header.comments[f"TTYPE{number}"] = column.description[:47]
        if column.ucd:
            hdu.header[f"TUCD{number}"] = column.ucd
    for key, value in about.items():
        hdu.header.add_comment(f"{key}: {value}".encode("ascii", "replace").decode())
    return fits.HDUList([fits.PrimaryHDU(), hdu])


def _arrays(columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> list[NDArray[Any]]:
    """One array a column, put together from pieces, so that the rows need not be held as objects."""
    pieces: list[list[NDArray[Any]]] = [[_array(column.kind, ())] for column in columns]
    rows = iter(rows)
    while part := list(islice(rows, _PIECE)):
        for held, column, values in zip(pieces, columns, zip(*part, strict=True), strict=True):
            held.append(_array(column.kind, values))
    return [np.concatenate(held) for held in pieces]


def _array(kind: str, values: Sequence[Any]) -> NDArray[Any]:
    if kind == "text":
        return np.array([(value or "").encode() for value in values], dtype="S")
    if kind == "number":
        return np.array([math.nan if value is None else value for value in values], np.float64)
    whole = [_UNKNOWN if value is None else int(value) for value in values]
    return np.array(whole, np.int64 if kind == "whole" else np.int16)
