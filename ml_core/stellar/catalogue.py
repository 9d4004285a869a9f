"""Catalogues of stars: ``objects.csv``, VOTable, FITS table or ECSV, read into rows with a report.

Nothing is lost silently: a row that is left out, and a value that is not used, stand in the report with their reason.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from ml_core.errors import FormatError
from ml_core.stellar.catalogue_files import read_columns
from ml_core.stellar.spectra.names import spectrum_file
from ml_core.stellar.spectra.spectrum import BANDS
from ml_core.stellar.spectra.subclass import label_of

#: Names under which archives hand out the same columns; the first is the specification's.
ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "name": ("name", "specobjid", "objid", "object", "id", "main_id"),
    "ra": ("ra", "raj2000", "ra_deg", "plug_ra", "_raj2000"),
    "dec": ("dec", "dej2000", "decj2000", "dec_deg", "plug_dec", "_dej2000"),
    "plate": ("plate", "plateid"),
    "mjd": ("mjd",),
    "fiberID": ("fiberid", "fiber", "fibre"),
    "subclass": ("subclass", "class", "sptype", "spectral_type"),
    **{
        f"{band}_mag": (f"{band}_mag", f"{band}mag", f"psfmag_{band}", f"modelmag_{band}", f"psfmag{band}", band)
        for band in BANDS
    },
}
REQUIRED: Final = ("name", "plate", "mjd", "fiberID")
#: Shown in messages; the report counts all.
_SHOWN: Final = 20
#: AB magnitudes outside are placeholders (9999, -9999, 0), not stars.
_MAGNITUDES: Final = (4.0, 40.0)
# Names become file names.
_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9+_-][A-Za-z0-9+_. -]{0,99}")
#: A whole number above this is no longer exact in double precision.
_EXACT: Final = 2**53


@dataclass(frozen=True)
class StarObject:
    """One row of a catalogue.

    Attributes:
        name: A string always; specObjIDs exceed 2^53.
        ra: Degrees, or NaN where missing or out of range.
        dec: Degrees, or NaN.
        plate: With ``mjd`` and ``fiber`` the name of the spectrum's file.
        mjd: Modified Julian day.
        fiber: Number of the fibre.
        subclass: As the catalogue writes it.
        label: 0..4 for M0..M4, -1 for anything else.
        magnitudes: u, g, r, i, z; NaN where missing or a placeholder.
    """

    name: str
    ra: float
    dec: float
    plate: int
    mjd: int
    fiber: int
    subclass: str
    label: int
    magnitudes: tuple[float, float, float, float, float]

    @property
    def spectrum_file(self) -> str:
        """``spec-pppp-mmmmm-ffff.fits``."""
        return spectrum_file(self.plate, self.mjd, self.fiber)


@dataclass
class CatalogueReport:
    """What an import found in a catalogue.

    Attributes:
        rows: Rows in the file.
        kept: Rows that became stars.
        left_out: ``{"row", "name", "reason"}`` of each other row; rows are counted from 1 without the header.
        findings: ``{"code", "severity", "count", "message", "rows"}``.
    """

    rows: int = 0
    kept: int = 0
    left_out: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)

    def find(self, code: str, message: str, rows: list[int], severity: str = "warning") -> None:
        """Add a finding about some rows; none is added when there are none."""
        if rows:
            told = message.format(count=f"{len(rows):,}")
            self.findings.append(
                {"code": code, "severity": severity, "count": len(rows), "message": told, "rows": rows[:_SHOWN]}
            )

    def as_dict(self) -> dict[str, Any]:
        """For ``report.json``."""
        return {"rows": self.rows, "kept": self.kept, "left_out": self.left_out, "findings": self.findings}


@dataclass(frozen=True)
class Catalogue:
    """Stars and what was found while reading them."""

    objects: tuple[StarObject, ...]
    report: CatalogueReport


def read_catalogue(path: Path) -> Catalogue:
    """Read a catalogue; the format follows from the content and not from the name.

    Raises:
        FormatError: ``catalogue.missing``, ``catalogue.unreadable``, ``catalogue.missing_columns``,
            ``catalogue.empty`` or ``catalogue.lost_digits``.
    """
    columns, count = _choose(read_columns(path), path)
    report = CatalogueReport(rows=count)
    _find_missing_columns(columns, count, report)
    objects: list[StarObject] = []
    seen: dict[str, StarObject] = {}
    spectra: dict[str, str] = {}
    bad: dict[str, list[int]] = {"position": [], "magnitude": [], "subclass": []}
    for index in range(count):
        row = {name: values[index] for name, values in columns.items()}
        star, reason = _star(row, index + 1, bad)
        if star is not None:
            reason = _doubled(star, seen, spectra)
        if star is None or reason:
            report.left_out.append({"row": index + 1, "name": _text(row.get("name")), "reason": reason})
            continue
        seen[star.name], spectra[star.spectrum_file] = star, star.name
        objects.append(star)
    report.kept = len(objects)
    _find_bad_values(report, bad)
    if not objects:
        first = report.left_out[0]["reason"] if report.left_out else "it has no rows"
        raise FormatError(f"The catalogue holds no star that can be used: {first}", code="catalogue.empty",
                          hint="Check the columns name, plate, mjd and fiberID.", where=path.name)  # fmt: skip
    return Catalogue(tuple(objects), report)


def _choose(held: dict[str, list[Any]], path: Path) -> tuple[dict[str, list[Any]], int]:
    """The columns of the specification under its own names, and the number of rows."""
    by_name = {name.strip().lower(): values for name, values in reversed(held.items())}
    columns = {
        name: by_name[found] for name, aliases in ALIASES.items()
        if (found := next((alias for alias in aliases if alias in by_name), None))
    }  # fmt: skip
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise FormatError(
            f"The catalogue lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; it has "
            f"{', '.join(list(held)[:_SHOWN]) or 'none'}.", code="catalogue.missing_columns",
            hint="Rename the columns to name, ra, dec, plate, mjd, fiberID, subclass, u_mag ... z_mag.",
            where=path.name,
        )  # fmt: skip
    if any(isinstance(value, float) and value > _EXACT for value in columns["name"]):
        raise FormatError(
            "The names are floating-point numbers beyond 2^53, so their last digits are lost.",
            code="catalogue.lost_digits", hint="Export the names as text or as 64-bit integers.", where=path.name,
        )  # fmt: skip
    return columns, len(columns["name"])


def _star(row: dict[str, Any], number: int, bad: dict[str, list[int]]) -> tuple[StarObject | None, str]:
    name = _text(row["name"])
    if not _SAFE_NAME.fullmatch(name) or ".." in name:
        return None, "The name is empty or cannot be part of a file's name."
    plate, mjd, fiber = (_whole(row[key]) for key in ("plate", "mjd", "fiberID"))
    if plate is None or mjd is None or fiber is None:
        return None, "Plate, MJD or fibre is missing or not a positive whole number."
    ra, dec = _number(row.get("ra")), _number(row.get("dec"))
    if "ra" in row and "dec" in row and not (0.0 <= ra <= 360.0 and -90.0 <= dec <= 90.0):
        bad["position"].append(number)
        ra = dec = math.nan
    magnitudes = []
    for band in BANDS:
        value = _number(row.get(f"{band}_mag"))
        if not math.isnan(value) and not _MAGNITUDES[0] < value < _MAGNITUDES[1]:
            bad["magnitude"].append(number)
            value = math.nan
        magnitudes.append(value)
    subclass = _text(row.get("subclass"))
    label = label_of(subclass)
    if label < 0 and "subclass" in row:
        bad["subclass"].append(number)
    u, g, r, i, z = magnitudes
    return StarObject(name, ra % 360.0, dec, plate, mjd, fiber, subclass, label, (u, g, r, i, z)), ""


def _doubled(star: StarObject, seen: dict[str, StarObject], spectra: dict[str, str]) -> str:
    """Why a star must not be taken twice, or empty: a copy in training and validation makes scores too good."""
    earlier = seen.get(star.name)
    if earlier is not None:
        return "The name stands in an earlier row" + ("." if _equal(earlier, star) else " with other values.")
    if star.spectrum_file in spectra:
        return f"The same plate, MJD and fibre belong to {spectra[star.spectrum_file]} in an earlier row."
    return ""


def _equal(one: StarObject, other: StarObject) -> bool:
    numbers = np.array([(one.ra, one.dec, *one.magnitudes), (other.ra, other.dec, *other.magnitudes)])
    return (one.spectrum_file, one.subclass) == (other.spectrum_file, other.subclass) and bool(
        np.array_equal(numbers[0], numbers[1], equal_nan=True)
    )


def _find_missing_columns(columns: Iterable[str], count: int, report: CatalogueReport) -> None:
    held = set(columns)
    rows = list(range(1, count + 1))
    if not {"ra", "dec"} <= held:
        report.find("no_positions", "The catalogue has no ra and dec: images cannot be searched for.", rows)
    if "subclass" not in held:
        report.find("no_subclass", "The catalogue has no subclass: its stars can be classified, not trained on.", rows)
    missing = [f"{band}_mag" for band in BANDS if f"{band}_mag" not in held]
    if missing:
        report.find("no_magnitudes", f"The catalogue has no {', '.join(missing)}.", rows, "info")


def _find_bad_values(report: CatalogueReport, bad: dict[str, list[int]]) -> None:
    doubled = [entry["row"] for entry in report.left_out if "earlier row" in entry["reason"]]
    report.find("duplicates", "{count} rows repeat a star; the first of each was kept.", doubled)
    others = [entry["row"] for entry in report.left_out if "earlier row" not in entry["reason"]]
    report.find("unusable_rows", "{count} rows without a usable name, plate, MJD or fibre were left out.", others)
    report.find("positions_out_of_range",
                "{count} positions are missing or out of range (ra 0..360, dec -90..90) and are not used.",
                bad["position"])  # fmt: skip
    report.find("bad_magnitudes", "{count} magnitudes are placeholders such as 9999 and are not used.",
                bad["magnitude"])  # fmt: skip
    report.find("other_classes", "{count} stars have no class of M0..M4; they are not trained on.", bad["subclass"],
                "info")  # fmt: skip


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _whole(value: Any) -> int | None:
    number = _number(value)
    return int(number) if 0 < number < 1e9 and number.is_integer() else None
