"""The text header of ENVI files: keys and values, read without trust in any of them.

Format: NV5 Geospatial, "ENVI Header Files".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import FormatError
from ml_core.hsi.formats.wavelengths import as_nanometres
from ml_core.hsi.scene import Georeference

DATA_TYPES: Final = {
    1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 6: "c8", 9: "c16", 12: "u2", 13: "u4", 14: "i8", 15: "u8",
}  # fmt: skip
INTERLEAVES: Final = ("bsq", "bil", "bip")

_MAX_HEADER_BYTES: Final = 4 << 20
_MAX_LENGTH: Final = 10_000_000
_GEOGRAPHIC: Final = "geographic"


@dataclass(frozen=True)
class EnviHeader:
    """What a header declares, with what had to be assumed.

    Attributes:
        lines: Rows.
        samples: Columns.
        bands: Bands.
        data_type: Code of the type of the values.
        interleave: ``bsq``, ``bil`` or ``bip``.
        offset: Bytes before the first value.
        big_endian: Byte order; None when the header does not say.
        fields: All keys in lower case with their text.
        notes: Sentences about what was assumed.
        warnings: Sentences about what was left out.
    """

    lines: int
    samples: int
    bands: int
    data_type: int
    interleave: str
    offset: int
    big_endian: bool | None
    fields: dict[str, str]
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def numbers(self, key: str) -> NDArray[np.float64] | None:
        """A list of numbers, or None where there is none or something else stands in it."""
        try:
            texts = [text for text in self.fields.get(key, "").strip("{}").split(",") if text.strip()]
            return np.array([float(text) for text in texts], np.float64) if texts else None
        except ValueError:
            self.warnings.append(f'"{key}" in the header holds something else than numbers, so it was left out.')
            return None


def is_envi_header(path: Path) -> bool:
    """Whether a file begins as every ENVI header does."""
    with path.open("rb") as stream:
        return stream.read(4) == b"ENVI"


def read_envi_header(path: Path) -> EnviHeader:
    """Parse a header file.

    Raises:
        FormatError: A required key is missing or impossible; ``where`` names it.
    """
    if path.stat().st_size > _MAX_HEADER_BYTES:
        raise FormatError("The ENVI header is larger than any real one.", code="hsi.damaged", where=path.name,
                          hint="Bring the header that belongs to the image.")  # fmt: skip
    fields = _fields(path.read_text(encoding="latin-1"))
    where = path.name
    notes: list[str] = []
    interleave = fields.get("interleave", "").lower()
    if interleave not in INTERLEAVES:
        raise FormatError(f'The ENVI header gives the interleave "{interleave[:20]}".', code="hsi.envi_header",
                          where=f"{where}: interleave", hint="It must be bsq, bil or bip.")  # fmt: skip
    data_type = _integer(fields, "data type", where)
    if data_type not in DATA_TYPES:
        raise FormatError(f"The ENVI header gives the data type {data_type}, which does not exist.",
                          code="hsi.envi_header", where=f"{where}: data type",
                          hint=f"Known types: {', '.join(map(str, DATA_TYPES))}.")  # fmt: skip
    if fields.get("file compression", "0").strip() not in ("0", ""):
        raise FormatError("The ENVI data are compressed.", code="hsi.envi_header", where=f"{where}: file compression",
                          hint="Save them without compression.")  # fmt: skip
    return EnviHeader(
        lines=_integer(fields, "lines", where, least=1),
        samples=_integer(fields, "samples", where, least=1),
        bands=_integer(fields, "bands", where, least=1),
        data_type=data_type,
        interleave=interleave,
        offset=_integer(fields, "header offset", where, default=0),
        big_endian=_byte_order(fields, where),
        fields=fields,
        notes=notes,
    )


def wavelengths_of(header: EnviHeader) -> NDArray[np.float64] | None:
    """(B,) in nanometres, or None."""
    values = header.numbers("wavelength")
    unit = header.fields.get("wavelength units", "")
    if values is None or unit.strip().lower() in ("index", "wavenumber", "ghz", "mhz"):
        return None
    found = as_nanometres(values, unit)
    if found is None:
        header.warnings.append('"wavelength" in the header holds no wavelengths, so it was left out.')
    elif unit.strip().lower() in ("", "unknown"):
        header.notes.append("The header gives no unit of the wavelengths; it follows from their size.")
    return found


def georeference_of(header: EnviHeader) -> Georeference | None:
    """Place on the ground from ``map info`` and ``coordinate system string``, or None."""
    parts = [part.strip() for part in header.fields.get("map info", "").strip("{} ").split(",")]
    if parts == [""]:
        return None
    try:
        if len(parts) < 7:
            raise ValueError("map info has seven parts at least")
        column, row, x, y, width, height = (float(text) for text in parts[1:7])
    except ValueError:
        header.warnings.append("The map info in the header cannot be understood, so it was left out.")
        return None
    if any(part.lower().startswith("rotation") and _rotation(part) for part in parts[7:]):
        header.warnings.append("The map info is rotated, which is not supported, so it was left out.")
        return None
    transform = (width, 0.0, x - (column - 1) * width, 0.0, -height, y + (row - 1) * height)
    text = header.fields.get("coordinate system string", "").strip("{} ")
    return Georeference(transform, text or _crs_text(parts))


def _rotation(part: str) -> bool:
    try:
        return float(part.partition("=")[2]) != 0
    except ValueError:
        return True


def _crs_text(parts: list[str]) -> str:
    """Well-known text of the two systems that headers name without it: UTM and longitude/latitude on WGS 84."""
    from rasterio.crs import CRS  # half a second, for few files

    wgs = any(part.replace("-", "").replace(" ", "").lower() in ("wgs84", "wgs1984") for part in parts)
    if not wgs:
        return ""
    if parts[0].lower().startswith(_GEOGRAPHIC):
        return str(CRS.from_epsg(4326).to_wkt())
    if parts[0].lower() == "utm" and len(parts) > 8 and parts[7].isdigit() and 1 <= int(parts[7]) <= 60:
        south = parts[8].lower().startswith("s")
        return str(CRS.from_epsg((32700 if south else 32600) + int(parts[7])).to_wkt())
    return ""


def _fields(text: str) -> dict[str, str]:
    """Keys in lower case to their text; values in braces may run over lines, ``;`` begins a remark."""
    found: dict[str, str] = {}
    lines = iter([line for line in text.splitlines()[1:] if not line.lstrip().startswith(";")])
    for line in lines:
        key, equals, value = line.partition("=")
        parts = [value.strip()]
        if parts[0].startswith("{") and "}" not in parts[0]:
            for further in lines:
                parts.append(further)
                if "}" in further:
                    break
        if equals and key.strip():
            found[key.strip().lower()] = " ".join(" ".join(parts).split())
    return found


def _integer(fields: dict[str, str], key: str, where: str, *, least: int = 0, default: int | None = None) -> int:
    text = fields.get(key, "").strip()
    if not text and default is not None:
        return default
    if not re.fullmatch(r"\d{1,12}", text) or not least <= int(text) <= _MAX_LENGTH:
        what = "does not say" if not text else f"says {text[:20]} for"
        raise FormatError(f'The ENVI header {what} "{key}".', code="hsi.envi_header", where=f"{where}: {key}",
                          hint=f"Write a whole number of at least {least} there.")  # fmt: skip
    return int(text)


def _byte_order(fields: dict[str, str], where: str) -> bool | None:
    text = fields.get("byte order", "").strip()
    if text in ("", "0", "1"):
        return None if not text else text == "1"
    raise FormatError(f'The ENVI header says "{text[:20]}" for "byte order".', code="hsi.envi_header",
                      where=f"{where}: byte order", hint="It is 0 (little-endian) or 1 (big-endian).")  # fmt: skip
