"""Answers of image services as rows: what each image is, where it is fetched, where it lies and which band it shows.

Columns of SIA 1 are found by their UCD (``VOX:...``), those of SIA 2 by their ObsCore name or utype; services name them
as they like otherwise.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urljoin

import numpy as np
from astropy.io.votable import parse
from pyvo.dal import DALFormatError, DALQueryError, SIAResults
from pyvo.dal.exceptions import DALOverflowWarning
from pyvo.dal.sia2 import SIA2Results

from ml_core.stellar.vo.bands import Band, find_band
from ml_core.stellar.vo.errors import ServiceError, TransientError
from ml_core.stellar.vo.footprint import Footprint, from_keywords, from_region

_OTHER_KINDS = ("jpeg", "jpg", "png", "gif", "html", "text/plain", "pdf")
_NOT_THE_IMAGE = ("weight", "mask", "flag", "psf")
_MAX_TEXT = 1000


@dataclass(frozen=True)
class ImageRow:
    """One image of an answer.

    Attributes:
        url: Absolute address of the image, or of its links where ``has_links``.
        title: What the answer calls it.
        band: g, r or i.
        band_evidence: How the band was recognised: ``name``, ``wavelength`` or ``title``.
        band_said: The text that said so.
        footprint: Where it lies; ``None`` when the answer does not say.
        file_bytes: Length of the file by the answer; 0 when it does not say.
        has_links: The address leads to a table of links (DataLink), not to the image.
        columns: All columns as text, for the address of a cut-out service.
    """

    url: str
    title: str
    band: Band
    band_evidence: str
    band_said: str
    footprint: Footprint | None
    file_bytes: int
    has_links: bool
    columns: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """For JSON; ``from_dict`` is the way back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ImageRow:
        """What ``as_dict`` wrote."""
        stored = values["footprint"]
        footprint = None
        if stored:
            corners = tuple((float(ra), float(dec)) for ra, dec in stored["corners"])
            ra, dec = stored["centre"]
            footprint = Footprint(corners, (float(ra), float(dec)), float(stored["radius"]))
        return cls(**{**values, "footprint": footprint})


@dataclass(frozen=True)
class Answer:
    """The rows of an answer that show g, r or i, how many there were, and whether some were held back."""

    rows: tuple[ImageRow, ...]
    received: int
    is_cut_short: bool


def read_answer(body: bytes, service: str, *, is_sia2: bool, band_names: Mapping[str, Sequence[str]]) -> Answer:
    """Read a VOTable that answers an image query.

    Raises:
        TransientError: It is no whole VOTable; perhaps the connection was cut off.
        ServiceError: ``vo.query_refused`` when the service says ERROR; ``vo.not_a_votable`` for a web page.
    """
    if body.lstrip()[:200].lower().startswith((b"<!doctype html", b"<html")):
        raise ServiceError("The service sent a web page instead of a VOTable.", code="vo.not_a_votable",
                           hint="Check the address of the service.", where=service)  # fmt: skip
    kind = SIA2Results if is_sia2 else SIAResults
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results = kind(parse(io.BytesIO(body), verify="ignore"), url=service)
    except DALQueryError as error:
        said = " ".join(str(error.reason or "").split())[:300] or "no reason given"
        raise ServiceError(f"The service refused the query: {said}.", code="vo.query_refused",
                           hint="Check the address, the protocol and the size of the search.",
                           where=service) from error  # fmt: skip
    except DALFormatError as error:
        raise ServiceError("The answer holds no table of images.", code="vo.no_table",
                           hint="Check the address and the protocol.", where=service) from error  # fmt: skip
    except (ValueError, TypeError, IndexError, KeyError, OSError, AttributeError, UnicodeError) as error:
        # astropy raises all of these on XML that ends early or is none.
        raise TransientError("The answer is no whole VOTable.", code="vo.not_a_votable",
                             hint="Check the address of the service.", where=service) from error  # fmt: skip
    columns = _Columns(results)
    found = [_row(columns, index, service, band_names) for index in range(len(results))]
    is_cut_short = any(issubclass(warning.category, DALOverflowWarning) for warning in caught)
    return Answer(tuple(row for row in found if row), len(found), is_cut_short)


class _Columns:
    """Values by the first of several keys that an answer has: a UCD, a utype or a name."""

    def __init__(self, results: Any) -> None:
        self._array = results.resultstable.array
        self.names = [str(name) for name in self._array.dtype.names]
        self._units: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        for name, field in zip(self.names, results.resultstable.fields, strict=True):
            self._units[name] = str(field.unit or "")
            utype = str(field.utype or "").lower().removeprefix("obscore:").removeprefix("ssa:")
            for key in (str(field.ucd or "").lower(), utype, f"name:{str(field.name).lower()}"):
                if key:
                    self._keys.setdefault(key, name)

    def value(self, index: int, *keys: str) -> Any:
        """The value of the first key that has one; ``None`` without."""
        for key in keys:
            name = self._keys.get(key.lower())
            if name is not None and (found := self._plain(name, index)) is not None:
                return found
        return None

    def text(self, index: int, *keys: str) -> str:
        found = self.value(index, *keys)
        return "" if found is None else str(found).strip()

    def numbers(self, index: int, count: int, *keys: str) -> tuple[float, ...] | None:
        """Exactly ``count`` finite numbers, given as an array or as text; one number stands for all."""
        found = self.value(index, *keys)
        if found is None:
            return None
        parts = found.split() if isinstance(found, str) else np.ravel(found).tolist()
        try:
            numbers = [float(part) for part in parts if part is not None]
        except (ValueError, TypeError):
            return None
        if len(numbers) == 1:
            numbers *= count
        return tuple(numbers) if len(numbers) == count and all(map(math.isfinite, numbers)) else None

    def unit(self, *keys: str) -> str:
        return next((self._units[self._keys[key.lower()]] for key in keys if key.lower() in self._keys), "")

    def _plain(self, name: str, index: int) -> Any:
        value = self._array[name][index]
        if value is np.ma.masked or (isinstance(value, np.ma.MaskedArray) and bool(np.all(value.mask))):
            return None
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(value, str) and not value.strip():
            return None
        return value


def _row(columns: _Columns, index: int, service: str, band_names: Mapping[str, Sequence[str]]) -> ImageRow | None:
    """The image of one line of the table, when it shows one of the bands and can be fetched."""
    address = columns.text(index, "VOX:Image_AccessReference", "name:access_url", "Access.Reference")
    kind = columns.text(index, "VOX:Image_Format", "name:access_format", "Access.Format").lower()
    title = columns.text(index, "VOX:Image_Title", "DataID.Title", "name:title", "name:obs_id", "meta.title")
    if not address or any(other in kind for other in _OTHER_KINDS):
        return None
    lowered = f"{title} {columns.text(index, 'name:dataproduct_subtype')}".lower()
    if any(word in lowered for word in _NOT_THE_IMAGE):
        return None
    names = [columns.text(index, key) for key in (
        "VOX:BandPass_ID", "instr.filter", "meta.id;instr.filter", "instr.bandpass", "name:filter", "name:filtername",
        "name:filter_name", "name:band", "name:em_band",
    )]  # fmt: skip
    band = find_band([name for name in names if name], _wavelengths(columns, index), title, band_names)
    if band is None:
        return None
    shown = {name: text for name in columns.names if (text := columns.text(index, f"name:{name}"))}
    size = columns.numbers(index, 1, "VOX:Image_FileSize", "Access.Size", "name:access_estsize")
    return ImageRow(
        urljoin(service, address), title[:_MAX_TEXT], band.band, band.evidence, band.said[:_MAX_TEXT],
        _footprint(columns, index), max(0, int(size[0])) if size else 0, "content=datalink" in kind.replace(" ", ""),
        {name: text for name, text in shown.items() if len(text) <= _MAX_TEXT},
    )  # fmt: skip


def _wavelengths(columns: _Columns, index: int) -> tuple[float, float] | None:
    """Limits of the band in metres."""
    low = columns.numbers(index, 1, "VOX:BandPass_LoLimit", "name:em_min", "em.wl;stat.min")
    high = columns.numbers(index, 1, "VOX:BandPass_HiLimit", "name:em_max", "em.wl;stat.max")
    if low is None or high is None:
        return None
    unit = columns.text(index, "VOX:BandPass_Unit") or columns.unit("VOX:BandPass_LoLimit", "name:em_min")
    known = {"m": 1.0, "meters": 1.0, "um": 1e-6, "micron": 1e-6, "nm": 1e-9, "angstrom": 1e-10, "angstroms": 1e-10,
             "a": 1e-10, "": 1.0}  # fmt: skip
    factor = known.get(unit.lower())
    if factor is None:
        return None
    return min(low[0], high[0]) * factor, max(low[0], high[0]) * factor


def _footprint(columns: _Columns, index: int) -> Footprint | None:
    region = columns.text(index, "name:s_region", "Char.SpatialAxis.Coverage.Support.Area", "pos.outline;obs.field")
    if region and (outline := from_region(region)):
        return outline
    ra = columns.numbers(index, 1, "POS_EQ_RA_MAIN", "name:s_ra", "pos.eq.ra;meta.main", "pos.eq.ra")
    dec = columns.numbers(index, 1, "POS_EQ_DEC_MAIN", "name:s_dec", "pos.eq.dec;meta.main", "pos.eq.dec")
    if ra is None or dec is None:
        return None
    centre = (ra[0] % 360, dec[0])
    shape = columns.numbers(index, 2, "VOX:Image_Naxis")
    scale = columns.numbers(index, 2, "VOX:Image_Scale")
    matrix = columns.numbers(index, 4, "VOX:WCS_CDMatrix")
    reference = columns.numbers(index, 2, "VOX:WCS_CoordRefValue")
    pixel = columns.numbers(index, 2, "VOX:WCS_CoordRefPixel")
    if shape and min(shape) >= 1 and (scale or (matrix and reference and pixel)):
        try:
            return from_keywords(
                centre, (int(shape[0]), int(shape[1])), _two(scale) or (0.0, 0.0), _four(matrix), _two(reference),
                _two(pixel),
            )  # fmt: skip
        except ValueError:
            return None  # a matrix that maps the image to a line, for example
    width = columns.numbers(index, 1, "name:s_fov", "Char.SpatialAxis.Coverage.Bounds.Extent.diameter")
    return Footprint((), centre, width[0] / 2) if width and width[0] > 0 else None


def _two(values: tuple[float, ...] | None) -> tuple[float, float] | None:
    return (values[0], values[1]) if values else None


def _four(values: tuple[float, ...] | None) -> tuple[float, float, float, float] | None:
    return (values[0], values[1], values[2], values[3]) if values else None
