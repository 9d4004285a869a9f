"""What the files of a star hold: its spectrum as numbers, its picture, and what is known about both."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ml_core.data.decode import load_image, open_image
from ml_core.errors import CodedError
from ml_core.stellar.spectra.reading import read_any_spectrum
from ml_core.stellar.spectra.spectrum import Spectrum
from stellar.models import Star, Survey
from stellar.storage import image_path, spectrum_path

SPEED_OF_LIGHT_KM_S = 299_792.458
JPLUS_SCALE = 0.55
"""Arcsec per pixel; simulated pictures have the same."""
_SMALL_BYTES = 64 << 10


def read_spectrum(star: Star) -> dict[str, Any]:
    """The spectrum for JSON: native pixels; null where a pixel was not measured.

    Raises:
        FilesMissingError: There is none.
        FormatError: The file is damaged.
    """
    found = read_any_spectrum(spectrum_path(star))
    flux = np.where(found.mask, np.nan, found.flux)
    return {
        "star": str(star.id), "points": len(found.wavelength), "wavelength": np.round(found.wavelength, 3).tolist(),
        "flux": plain(flux), "error": plain(errors_of(found)), **spectrum_facts(star, found),
    }  # fmt: skip


def spectrum_bytes(star: Star) -> bytes:
    """Wavelengths, flux and its error one after another, little-endian float32; NaN where nothing was measured.

    Raises:
        FilesMissingError: There is none.
        FormatError: The file is damaged.
    """
    found = read_any_spectrum(spectrum_path(star))
    flux = np.where(found.mask, np.nan, found.flux)
    return np.concatenate([found.wavelength, flux, errors_of(found)]).astype("<f4").tobytes()


def spectrum_facts(star: Star, found: Spectrum) -> dict[str, Any]:
    """What the file says beside the numbers."""
    return {
        "name": star.name, "medium": found.wavelength_medium, "wavelength_unit": "Angstrom",
        "flux_unit": found.flux_unit, "sn": finite(found.sn_median), "sn_pipeline": finite(found.sn_pipeline),
        "z": finite(found.z), "velocity": None if math.isnan(found.z) else round(found.z * SPEED_OF_LIGHT_KM_S, 3),
        "subclass": found.subclass, "spec_class": found.spec_class, "layout": found.layout,
        "notes": list(found.notes), "file": Path(star.spectrum_file).name,
    }  # fmt: skip


def read_picture(star: Star, size: int | None = None) -> bytes:
    """PNG of the star's picture, as large as it is or as asked.

    Raises:
        FilesMissingError: There is none.
        FormatError: The file is damaged.
        UnsafeFileError: It is too large.
    """
    image = load_image(image_path(star)).convert("RGB")
    if size is not None and size != max(image.size):
        side = (
            max(1, round(image.width * size / max(image.size))),
            max(1, round(image.height * size / max(image.size))),
        )
        image = image.resize(side, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def picture_facts(star: Star) -> dict[str, Any]:
    """Size, scale and provenance of the star's picture; empty without one.

    A picture that was downloaded has its story beside it; of others the scale on the sky is unknown.
    """
    if not star.image_file:
        return {}
    try:
        path = image_path(star)
        with open_image(path, path.name) as header:
            facts: dict[str, Any] = {"width": header.width, "height": header.height, "file": path.name}
    except CodedError as error:  # the numbers of the star are worth showing without it
        return {"fault": error.as_dict()}
    told = read_story(path)
    scale = JPLUS_SCALE if star.survey.source == Survey.Source.SAMPLE else _scale(told)
    return {**facts, "pixel_scale": scale, "provenance": told}


def read_story(path: Path) -> dict[str, Any]:
    """The JSON that a download wrote beside a file; empty where there is none."""
    beside = path.with_suffix(".json")
    try:
        if beside.stat().st_size > _SMALL_BYTES:
            return {}
        told: Any = json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def errors_of(found: Spectrum) -> NDArray[np.float64]:
    """Standard deviation of the flux; NaN where the pixel cannot be used."""
    with np.errstate(divide="ignore"):
        return np.where(found.mask, np.nan, 1 / np.sqrt(found.ivar.astype(np.float64)))


def plain(values: NDArray[Any]) -> list[float | None]:
    """Numbers with six digits for JSON, which knows no NaN."""
    rounded = np.asarray(values, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = 5 - np.floor(np.log10(np.abs(rounded)))
    digits = np.where(np.isfinite(digits), digits, 0)
    scale = 10.0 ** np.clip(digits, -300, 300)
    rounded = np.round(rounded * scale) / scale
    return [value if math.isfinite(value) else None for value in rounded.tolist()]


def finite(value: float) -> float | None:
    """The number, or None where it is none."""
    return float(value) if math.isfinite(value) else None


def _scale(told: dict[str, Any]) -> float | None:
    """Arcsec per pixel, where the story of a picture tells it; its bands are cut to the same scale."""
    bands = told.get("bands")
    told_of = bands.values() if isinstance(bands, dict) else ()
    values = [band.get("pixel_scale_arcsec") for band in told_of if isinstance(band, dict)]
    return next((float(value) for value in values if isinstance(value, int | float)), None)
