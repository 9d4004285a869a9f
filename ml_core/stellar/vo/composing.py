"""From three cut-outs to the filed composite, with a note beside it that says where each pixel came from."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from ml_core.run.files import sha256_file, write_atomic, write_json_atomic
from ml_core.stellar.catalogue import StarObject
from ml_core.stellar.images.composite import Stretch, composite, save_jpeg
from ml_core.stellar.images.reading import image_file
from ml_core.stellar.images.screening import screen
from ml_core.stellar.spectra.subclass import class_of
from ml_core.stellar.survey import IMAGES_FOLDER
from ml_core.stellar.vo.bands import BANDS
from ml_core.stellar.vo.cutting import BandCut
from ml_core.stellar.vo.records import StarRecord

UNKNOWN_CLASS = "unknown"
FITS_FOLDER = "fits"
_REFERENCE_ZERO_POINT = 25.0


def class_folder(star: StarObject) -> str:
    """The folder of a star's subclass."""
    return class_of(star.label) or UNKNOWN_CLASS


def band_file(name: str, band: str) -> str:
    """File name of a band's cut-out, ``{name}_iSDSS.fits``."""
    return f"{name}_{band}SDSS.fits"


def write_cut(cut: BandCut, path: Path, facts: dict[str, Any]) -> None:
    """Write a cut-out as FITS with its coordinates; it appears whole or not at all."""
    header = cut.header.copy()
    for key, fact in (("OBJECT", "object"), ("FILTER", "filter"), ("MAGZP", "zero_point"), ("BUNIT", "bunit")):
        if fact in facts:
            header[key] = facts[fact]
    buffer = io.BytesIO()
    fits.PrimaryHDU(cut.data, header).writeto(buffer)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, buffer.getvalue())


def file_composite(star: StarObject, record: StarRecord, cuts: Path, target: Path, query: dict[str, Any],
                   *, keep_fits: bool) -> Path:  # fmt: skip
    """Compose a star's bands, screen the picture and file it under its subclass.

    Args:
        star: Whose picture it is.
        record: With the provenance of its three bands.
        cuts: Folder of the cut-outs.
        target: The survey.
        query: What was asked of whom, for the note.
        keep_fits: Keep the bands in the survey's folder ``fits``.

    Returns:
        The composite, ``images/<subclass>/{name}_image.jpg``; its note lies beside it and ends in ``.json``.
    """
    zero_points = [record.bands[band].get("zero_point") for band in BANDS]
    is_calibrated = all(isinstance(value, float) for value in zero_points)
    pixels = []
    for band, zero_point in zip(BANDS, zero_points, strict=True):
        factor = 10 ** (-0.4 * (zero_point - _REFERENCE_ZERO_POINT)) if is_calibrated and zero_point else 1.0
        pixels.append(_read_cut(cuts / band_file(star.name, band)) * factor)
    stretch = Stretch()
    picture = composite(*pixels, stretch=stretch)
    screening = screen(picture)
    path = target / IMAGES_FOLDER / class_folder(star) / image_file(star.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_jpeg(picture, path)
    note = {
        "name": star.name, "ra": star.ra, "dec": star.dec, "subclass": star.subclass, **query,
        "channels": {"red": "i", "green": "r", "blue": "g"}, "size_px": list(picture.shape[:2]),
        "stretch": stretch.as_dict(), "fluxes_share_a_zero_point": is_calibrated, "bands": record.bands,
        "screening": {"flags": list(screening.flags), "measures": screening.measures},
        "sha256": sha256_file(path), "composed_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "software": {name: version(name) for name in ("astropy", "pyvo", "numpy", "pillow")},
    }  # fmt: skip
    write_json_atomic(path.with_suffix(".json"), note)
    for band in BANDS:
        cut = cuts / band_file(star.name, band)
        if keep_fits:
            (target / FITS_FOLDER).mkdir(exist_ok=True)
            cut.replace(target / FITS_FOLDER / cut.name)
        else:
            cut.unlink()
    return path


def _read_cut(path: Path) -> NDArray[np.float64]:
    with fits.open(path, memmap=False) as found:
        return np.asarray(found[0].data, np.float64)
