"""Let the catalogue of the survey folder say what the database says: recipes read it there."""

from __future__ import annotations

import math

from ml_core.run.files import write_atomic
from ml_core.stellar.catalogue import StarObject
from stellar.models import Star, Survey
from stellar.storage import existing, survey_folder

_COLUMNS = ("name", "ra", "dec", "plate", "mjd", "fiber", "subclass", "label", "u_mag", "g_mag", "r_mag", "i_mag",
            "z_mag")  # fmt: skip


def write_catalogue(survey: Survey) -> None:
    """Write ``objects.csv`` anew, whole or not at all.

    Raises:
        FilesMissingError: The survey's folder is gone.
    """
    from ml_core.stellar.import_survey import catalogue_csv  # scipy: not when the web process starts

    folder = existing(survey_folder(survey), "The survey")
    rows = Star.objects.filter(survey=survey).order_by("position").values_list(*_COLUMNS)
    stars = tuple(
        StarObject(
            name, _nan(ra), _nan(dec), plate, mjd, fiber, subclass, label,
            (_nan(mags[0]), _nan(mags[1]), _nan(mags[2]), _nan(mags[3]), _nan(mags[4])),
        )
        for name, ra, dec, plate, mjd, fiber, subclass, label, *mags in rows.iterator(chunk_size=5_000)
    )  # fmt: skip
    write_atomic(folder / "objects.csv", catalogue_csv(stars))


def _nan(value: float | None) -> float:
    return math.nan if value is None else value
