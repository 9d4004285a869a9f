"""One star of an import: are its files whole, and do they agree with the catalogue?"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ml_core.errors import CodedError
from ml_core.stellar.catalogue import StarObject
from ml_core.stellar.images.reading import image_file, read_image
from ml_core.stellar.images.screening import screen
from ml_core.stellar.spectra.reading import read_any_spectrum
from ml_core.stellar.spectra.resample import to_grid
from ml_core.stellar.spectra.snr import snr_group
from ml_core.stellar.spectra.spectrum import Spectrum
from ml_core.stellar.spectra.subclass import label_of
from ml_core.stellar.survey_arrays import MIN_COVERAGE

#: A fibre of SDSS sees 3 arcsec.
_SAME_PLACE_ARCSEC: Final = 3.0


@dataclass
class CheckedStar:
    """What was found in the files of a star.

    Attributes:
        name: Of the star.
        subclass: Of the catalogue.
        spectrum: Whether there is a usable one.
        image: Whether there is a usable picture.
        sn: Median S/N, or NaN.
        group: ``low``, ``high``, or empty.
        coverage: Measured part of the grid.
        z: Redshift of the file, or NaN.
        spectrum_subclass: What the file says.
        image_flags: Flags of the screening.
        reasons: Why files were not taken.
        findings: Codes of what disagrees or was repaired.
    """

    name: str
    subclass: str
    spectrum: bool = False
    image: bool = False
    sn: float = math.nan
    group: str = ""
    coverage: float = 0.0
    z: float = math.nan
    spectrum_subclass: str = ""
    image_flags: tuple[str, ...] = ()
    reasons: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


def check_star(star: StarObject, spectrum: Path | None, image: Path | None) -> CheckedStar:
    """Read both files of a star completely."""
    found = CheckedStar(star.name, star.subclass)
    if spectrum is None:
        found.reasons.append(f"The spectrum {star.spectrum_file} is missing.")
    else:
        try:
            read = read_any_spectrum(spectrum)
            coverage = to_grid(read).coverage
        except CodedError as error:
            found.reasons.append(f"The spectrum {spectrum.name} cannot be used: {error.message}")
            found.findings.append(error.code)
        else:
            _take_spectrum(found, star, read, coverage)
    if image is None:
        found.reasons.append(f"The picture {image_file(star.name)} is missing.")
    else:
        try:
            picture = read_image(image)
        except CodedError as error:
            found.reasons.append(f"The picture {image.name} cannot be used: {error.message}")
            found.findings.append(error.code)
        else:
            found.image = True
            found.image_flags = screen(picture.pixels).flags
            if picture.notes:
                found.findings.append("image_repaired")
    return found


def _take_spectrum(found: CheckedStar, star: StarObject, read: Spectrum, coverage: float) -> None:
    found.coverage = coverage
    if coverage < MIN_COVERAGE:
        found.reasons.append(f"The spectrum cannot be used: only {coverage:.0%} of 4000-9000 Å were measured.")
        found.findings.append("spectrum.no_coverage")
        return
    found.spectrum, found.sn, found.group = True, read.sn_median, snr_group(read.sn_median)
    found.z, found.spectrum_subclass = read.z, read.subclass
    if read.notes:
        found.findings.append("spectrum_repaired")
    if read.subclass and star.label >= 0 and label_of(read.subclass) != star.label:
        found.findings.append("subclass_differs")
    if (read.plate, read.mjd, read.fiber) not in ((0, 0, 0), (star.plate, star.mjd, star.fiber)):
        found.findings.append("other_fiber")
    if separation_arcsec(star.ra, star.dec, read.ra, read.dec) > _SAME_PLACE_ARCSEC:
        found.findings.append("other_position")


def separation_arcsec(ra: float, dec: float, other_ra: float, other_dec: float) -> float:
    """Angle between two positions (degrees) in arcsec by the haversine formula; 0 where one is unknown."""
    if not all(map(math.isfinite, (ra, dec, other_ra, other_dec))):
        return 0.0
    first, second = math.radians(dec), math.radians(other_dec)
    half = math.radians(other_ra - ra) / 2
    square = math.sin((second - first) / 2) ** 2 + math.cos(first) * math.cos(second) * math.sin(half) ** 2
    return math.degrees(2 * math.asin(min(1.0, math.sqrt(square)))) * 3600
