"""From a survey folder to rows of stars, 100,000 of them in seconds."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

from ml_core.errors import FormatError
from ml_core.stellar.catalogue import StarObject
from ml_core.stellar.images.reading import image_file
from ml_core.stellar.spectra.snr import snr_group
from ml_core.stellar.spectra.spectrum import BANDS
from ml_core.stellar.survey import IMAGES_FOLDER, file_index, read_rejected
from ml_core.stellar.survey import Survey as SurveyFolder
from stellar.models import Star
from stellar.sky import unit_vector

MEASUREMENTS_FILE: Final = "measurements.csv"


def star_rows(survey_id: UUID, opened: SurveyFolder) -> Iterator[Star]:
    """A row for each star of the catalogue, in its order, not yet stored.

    Raises:
        FormatError: The measurements of the import cannot be read.
    """
    measured = read_measurements(opened.folder)
    rejected = read_rejected(opened.folder)
    images = dict(opened.images)
    if rejected:  # not used by recipes, but looked at again by people
        found = file_index(opened.folder / IMAGES_FOLDER)
        images |= {name: found[image_file(name)] for name in rejected if image_file(name) in found}
    for position, star in enumerate(opened.objects):
        facts = measured.get(star.name, {})
        row = Star(
            id=star_id(survey_id, star.name), survey_id=survey_id, position=position, name=star.name,
            **catalogue_facts(star), spectrum_file=_below(opened, opened.spectra.get(star.name)),
            image_file=_below(opened, images.get(star.name)), image_flags=facts.get("image_flags", ""),
            coverage=_number(facts.get("coverage")) or 0.0, redshift=_number(facts.get("z")),
            spectrum_subclass=facts.get("spectrum_subclass", "")[:60], fault=_fault(facts.get("reason", "")),
            screening=Star.Screening.REJECTED if star.name in rejected else Star.Screening.OPEN,
        )  # fmt: skip
        if row.spectrum_file:
            row.sn = _number(facts.get("sn")) or 0.0
            row.sn_group = facts.get("sn_group") or snr_group(row.sn)
        yield row


def star_id(survey_id: UUID, name: str) -> UUID:
    """Follows from survey and name, so that the same star comes to the same row."""
    return uuid5(survey_id, name)


def catalogue_facts(star: StarObject) -> dict[str, Any]:
    """Columns of a star that its catalogue fills."""
    is_placed = math.isfinite(star.ra) and math.isfinite(star.dec)
    place = unit_vector(star.ra, star.dec) if is_placed else (None, None, None)
    magnitudes = {
        f"{band}_mag": value if math.isfinite(value) else None
        for band, value in zip(BANDS, star.magnitudes, strict=True)
    }
    return {
        "subclass": star.subclass[:60], "label": star.label, "plate": star.plate, "mjd": star.mjd,
        "fiber": star.fiber, "ra": star.ra if is_placed else None, "dec": star.dec if is_placed else None,
        "unit_x": place[0], "unit_y": place[1], "unit_z": place[2], **magnitudes,
    }  # fmt: skip


def read_measurements(folder: Path) -> dict[str, dict[str, str]]:
    """What the import measured of each star, by its name.

    Raises:
        FormatError: ``survey.damaged``.
    """
    try:
        with (folder / MEASUREMENTS_FILE).open(encoding="utf-8", newline="") as stream:
            return {row["name"]: row for row in csv.DictReader(stream)}
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise FormatError("The measurements of the survey cannot be read.", code="survey.damaged",
                          hint="Import the survey again.", where=MEASUREMENTS_FILE) from error  # fmt: skip


def _below(opened: SurveyFolder, path: Path | None) -> str:
    return "" if path is None else path.relative_to(opened.folder).as_posix()


def _fault(reason: str) -> str:
    """What is wrong with a file that is there; what is missing follows from the row itself."""
    return reason[:400] if "cannot be used" in reason else ""


def _number(text: str | None) -> float | None:
    return float(text) if text else None
