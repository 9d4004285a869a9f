"""Which file belongs to which star, for files whose names are not those of the specification.

Names come first. A spectrum under another name is known by the plate, MJD and fibre in its header; a picture by the
star's name, with or without ``_image``, in any format that is decoded.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ml_core.errors import CodedError
from ml_core.stellar.catalogue import StarObject
from ml_core.stellar.images.reading import image_file
from ml_core.stellar.spectra.names import parse_spectrum_file
from ml_core.stellar.spectra.sdss import read_spectrum

_PICTURES: Final = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
_SPECTRA: Final = (".fits", ".fit")


def match_spectra(stars: Iterable[StarObject], files: dict[str, Path]) -> dict[str, Path]:
    """The spectrum of each star, by the star's name."""
    wanted = {star.spectrum_file: star.name for star in stars}
    found = {wanted[name]: path for name, path in files.items() if name in wanted}
    by_fiber = {parse_spectrum_file(file): name for file, name in wanted.items() if name not in found}
    for name, path in files.items():
        # A file that is named after a fibre belongs to that fibre, whatever its header says.
        if by_fiber and name not in wanted and path.suffix.lower() in _SPECTRA and not parse_spectrum_file(name):
            try:
                read = read_spectrum(path)
            except CodedError:
                continue
            star = by_fiber.pop((read.plate, read.mjd, read.fiber), None)
            if star is not None:
                found[star] = path
    return found


def match_images(stars: Iterable[StarObject], files: dict[str, Path]) -> dict[str, Path]:
    """The picture of each star, by the star's name."""
    by_stem: dict[str, Path] = {}
    for path in files.values():
        if path.suffix.lower() in _PICTURES:
            by_stem.setdefault(path.name[: -len(path.suffix)], path)
    found = {}
    for star in stars:
        named = files.get(image_file(star.name)) or by_stem.get(f"{star.name}_image") or by_stem.get(star.name)
        if named is not None:
            found[star.name] = named
    return found
