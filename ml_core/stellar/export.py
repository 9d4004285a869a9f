"""Tables of stars as files for other programs: CSV, VOTable and FITS, with units, and with names as texts.

Names are numbers of 18 and more digits: a column of floats would lose the last ones. CSV carries its units as ECSV
does (Robitaille et al., APE 6: https://github.com/astropy/astropy-APEs/blob/main/APE6.rst), in comment lines that
plain readers of CSV are told to skip; without them it is CSV and nothing else.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from ml_core.data.manifest import safe_cell
from ml_core.errors import CodedError

Kind = Literal["csv", "votable", "fits"]
FORMATS: Final[dict[str, tuple[str, str]]] = {
    "csv": (".csv", "text/csv; charset=utf-8"), "votable": (".vot", "application/x-votable+xml"),
    "fits": (".fits", "application/fits"),
}  # fmt: skip
"""Name to ending and type of the file."""
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
    """Write a table.

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
    if form == "csv":
        with path.open("w", encoding="utf-8", newline="") as stream:
            _write_csv(stream, columns, rows, about or {}, plain)
    elif form in FORMATS:
        _write_astropy(path, form, columns, rows, about or {})
    else:
        raise CodedError(f'There is no format "{form[:20]}".', code="export.format", where="format",
                         hint=f"One of: {', '.join(FORMATS)}.")  # fmt: skip


def _write_csv(
    stream: io.TextIOBase | Any, columns: Sequence[Column], rows: Iterable[Sequence[Any]], about: Mapping[str, str],
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


def _write_astropy(
    path: Path, form: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]], about: Mapping[str, str]
) -> None:
    from astropy.table import MaskedColumn, Table

    cells: list[list[Any]] = [[] for _ in columns]
    for row in rows:
        for held, value in zip(cells, row, strict=True):
            held.append(value)
    table = Table(meta=dict(about))
    for column, values in zip(columns, cells, strict=True):
        data, mask = _array(column.kind, values)
        made = MaskedColumn(data, mask=mask, name=column.name, unit=column.unit or None,
                            description=column.description)  # fmt: skip
        if not mask.any():
            made.mask = False
        table.add_column(made)
    if form == "fits":
        _fits(table, columns, about).writeto(path, overwrite=True)
    else:
        _votable(table, columns, about).to_xml(str(path), tabledata_format="tabledata")


def _array(kind: str, values: list[Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    mask = np.array([value is None for value in values], bool)
    if kind == "text":
        return np.array([value or "" for value in values], dtype="U"), np.zeros(len(values), bool)
    if kind == "number":
        numbers = np.array([math.nan if value is None else value for value in values], np.float64)
        return numbers, ~np.isfinite(numbers)
    if kind == "whole":
        return np.array([-1 if value is None else value for value in values], np.int64), mask
    return np.array([bool(value) for value in values], bool), mask


def _fits(table: Any, columns: Sequence[Column], about: Mapping[str, str]) -> Any:
    """Numbers that are not known are NaN, whole ones TNULL; a flag is 1, 0 or TNULL."""
    from astropy.io import fits

    made = []
    for column in columns:
        held, unit = table[column.name], column.unit or None
        if column.kind == "text":
            texts = np.char.encode(held.data.data.astype("U"), "utf-8")
            made.append(fits.Column(column.name, f"{max(1, texts.dtype.itemsize)}A", unit=unit, array=texts))
        elif column.kind == "number":
            made.append(fits.Column(column.name, "D", unit=unit, array=held.filled(np.nan)))
        else:
            code, kind = ("K", np.int64) if column.kind == "whole" else ("I", np.int16)
            values = np.where(held.mask, -1, held.data.data.astype(kind)).astype(kind)
            made.append(fits.Column(column.name, code, unit=unit, null=-1, array=values))
    hdu = fits.BinTableHDU.from_columns(made, name="STARS")
    for number, column in enumerate(columns, start=1):
        hdu.header.comments[f"TTYPE{number}"] = column.description[:47]
        if column.ucd:
            hdu.header[f"TUCD{number}"] = column.ucd
    for key, value in about.items():
        hdu.header.add_comment(f"{key}: {value}".encode("ascii", "replace").decode())
    return fits.HDUList([fits.PrimaryHDU(), hdu])


def _votable(table: Any, columns: Sequence[Column], about: Mapping[str, str]) -> Any:
    from astropy.io.votable import from_table
    from astropy.io.votable.tree import Info

    made = from_table(table)
    inner = made.get_first_table()
    for column, found in zip(columns, inner.fields, strict=True):
        found.ucd = column.ucd or None
        found.description = column.description or None
    for key, value in about.items():
        inner.infos.append(Info(name=key.replace(" ", "_"), value=str(value)))
    return made
