"""One star as a fixed record: what a single upload becomes before it is stacked with others."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import CodedError, FormatError
from ml_core.stellar.images.composite import SIDE
from ml_core.stellar.images.reading import read_image
from ml_core.stellar.predict.request import StarRequest
from ml_core.stellar.spectra.reading import read_any_spectrum
from ml_core.stellar.spectra.resample import POINTS, to_grid
from ml_core.stellar.spectra.snr import snr_group
from ml_core.stellar.spectra.spectrum import BANDS
from ml_core.stellar.survey_arrays import MIN_COVERAGE

_FACTS_BYTES: Final = 16_384
_MAX_NOTE: Final = 300
_MAX_NOTES: Final = 12

#: Columns as `Survey.arrays` has them, and what else is to be told about the star, as JSON.
RECORD: Final = np.dtype([
    ("flux", "<f4", (POINTS,)), ("ivar", "<f4", (POINTS,)), ("image", "u1", (SIDE, SIDE, 3)),
    ("magnitudes", "<f4", (len(BANDS),)), ("has_spectrum", "?"), ("has_image", "?"), ("attribution", "?"),
    ("facts", f"S{_FACTS_BYTES}"),
])  # fmt: skip


def read_request(star: StarRequest) -> NDArray[Any]:
    """The record of a star, (1,) of `RECORD`.

    Raises:
        FormatError: A file cannot be used; ``where`` is ``spectrum`` or ``image``.
        UnsafeFileError: The picture has too many pixels.
    """
    record = np.zeros(1, RECORD)
    row = record[0]
    facts: dict[str, Any] = {"spectrum": None, "image": None}
    row["magnitudes"] = [star.magnitudes.get(band, np.nan) for band in BANDS]
    row["attribution"] = star.attribution
    if star.spectrum is not None:
        flux, ivar, facts["spectrum"] = _read_spectrum(star.spectrum, star.spectrum_name)
        row["flux"], row["ivar"], row["has_spectrum"] = flux, ivar, True
    if star.image is not None:
        with _told_about("image"):
            picture = read_image(star.image)
        row["image"], row["has_image"] = picture.pixels, True
        facts["image"] = {"width": SIDE, "height": SIDE, "notes": _short(picture.notes)}
    text = json.dumps(facts).encode()
    if len(text) > _FACTS_BYTES:  # notes in a script of many bytes a letter
        for found in (facts["spectrum"], facts["image"]):
            if found:
                found["notes"] = []
        text = json.dumps(facts).encode()
    row["facts"] = text
    return record


def _read_spectrum(content: bytes, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32], dict[str, Any]]:
    suffix = Path(name).suffix.lower() if Path(name).suffix.lower() in (".npz", ".gz") else ".fits"
    with tempfile.TemporaryDirectory(prefix="cvstudio-") as folder, _told_about("spectrum"):
        path = Path(folder) / f"spectrum{suffix}"
        path.write_bytes(content)
        read = read_any_spectrum(path)
        grid = to_grid(read)
        if grid.coverage < MIN_COVERAGE:
            raise FormatError(
                f"Only {grid.coverage:.0%} of 4000-9000 Å were measured.", code="spectrum.no_coverage",
                hint="Use a spectrum that covers the optical range.",
            )  # fmt: skip
    sn = float(read.sn_median) if np.isfinite(read.sn_median) else 0.0
    return grid.flux, grid.ivar, {
        "sn": round(sn, 4), "sn_group": snr_group(sn), "medium": read.wavelength_medium, "layout": read.layout[:80],
        "coverage": round(float(grid.coverage), 4), "z": round(float(read.z), 7) if np.isfinite(read.z) else None,
        "subclass": read.subclass[:80], "flux_unit": read.flux_unit[:80], "notes": _short(read.notes),
    }  # fmt: skip


class _told_about:
    """Says of refusals inside which of the two files they are about."""

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, CodedError):
            error.where = self._where


def _short(notes: tuple[str, ...]) -> list[str]:
    return [note[:_MAX_NOTE] for note in notes[:_MAX_NOTES]]
