"""What the page of a star shows: where it is, how bright, what each classifier says, what the script begins with."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from ml_core.stellar.spectra.lines import FEATURES
from ml_core.stellar.spectra.subclass import CLASSES
from ml_core.stellar.spectra.wavelengths import SPEED_OF_LIGHT
from stellar.model_presentation import version_title
from stellar.models import Star, StarClassification

BANDS: Final = "ugriz"
#: No star's neighbouring SDSS bands differ by more; a catalogue value beyond is wrong.
_ODD_COLOUR: Final = 4.0


def features() -> list[dict[str, Any]]:
    """Lines and bands, in vacuum at rest."""
    return [
        {"name": one.name, "start": one.start, "end": one.end, "kind": one.kind}
        for one in FEATURES
    ]  # fmt: skip


def position_of(star: Star) -> dict[str, str] | None:
    """Where a star is, decimal and sexagesimal; None where the catalogue does not say."""
    if star.ra is None or star.dec is None:
        return None
    hours, degrees = sexagesimal(star.ra / 15, 2), sexagesimal(abs(star.dec), 1)
    sign = "-" if star.dec < 0 else "+"
    return {
        "decimal": f"{star.ra:.6f} {star.dec:+.6f}",
        "sexagesimal": f"{hours} {sign}{degrees}",
        "shown": f"{_marked(hours, 'hms')} {sign.replace('-', '−')}{_marked(degrees, '°′″')}",
        "fibre": f"{star.plate}-{star.mjd}-{star.fiber}",
    }


def sexagesimal(value: float, digits: int) -> str:
    """A value of hours or degrees as ``hh:mm:ss.ss``, rounded as a whole, so that 60 never appears."""
    units = round(value * 3600 * 10**digits)
    seconds, fraction = divmod(units, 10**digits)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{fraction:0{digits}d}"


def magnitudes_of(star: Star) -> list[dict[str, Any]]:
    """Magnitudes by band; None where the catalogue has none."""
    return [{"name": band, "value": getattr(star, f"{band}_mag")} for band in BANDS]


def colours_of(star: Star) -> list[dict[str, Any]]:
    """Differences of neighbouring bands, and whether one is unlike any star."""
    rows = []
    for first, second in pairwise(BANDS):
        a, b = getattr(star, f"{first}_mag"), getattr(star, f"{second}_mag")
        value = None if a is None or b is None else a - b
        rows.append(
            {"name": f"{first} − {second}", "value": value, "odd": value is not None and abs(value) > _ODD_COLOUR}
        )
    return rows


def star_facts(star: Star, picture: dict[str, Any]) -> list[dict[str, Any]]:
    """Label and value of what else is known."""
    facts = [
        (_("Spectrum"), star.spectrum_file.rsplit("/", 1)[-1]),
        (_("Class in the spectrum's file"), star.spectrum_subclass),
        (_("Measured part of 4000–9000 Å"), f"{100 * star.coverage:.0f} %" if star.spectrum_file else ""),
        (_("Redshift"), _redshift(star.redshift)),
        (_("Image"), star.image_file.rsplit("/", 1)[-1]),
        (_("Size of the image"), _size(picture)),
        *provenance_facts(picture.get("provenance") or {}),
    ]
    return [{"label": label, "value": value} for label, value in facts if value]


def provenance_facts(told: dict[str, Any]) -> list[tuple[str, str]]:
    """Where an image was fetched, as its download noted it beside the file; nothing for others."""
    bands = told.get("bands")
    cuts = [band for band in bands.values() if isinstance(band, dict)] if isinstance(bands, dict) else []
    titles = dict.fromkeys(str(cut["title"]) for cut in cuts if cut.get("title"))
    fetched = max((str(cut["fetched_at"]) for cut in cuts if cut.get("fetched_at")), default="")
    stretch = told.get("stretch")
    by = {"local": _("here, from the whole image"), "service": _("by the service")}
    return [
        (_("Image from"), str(told.get("service", ""))),
        (_("Tiles"), ", ".join(titles)),
        (_("Cut out"), next((by.get(str(cut.get("cut_by")), "") for cut in cuts), "")),
        (_("Fetched"), fetched[:16].replace("T", " ")),
        (_("Stretch"), str(stretch.get("name", "")) if isinstance(stretch, dict) else ""),
    ]


def classification_rows(rows: list[StarClassification], shown: UUID | None) -> list[dict[str, Any]]:
    """What each prediction says of a star, the one that the table shows first."""
    titles = {"spectrum": _("spectrum"), "image": _("image"), "photometry": _("colours")}
    made = []
    for row in rows:
        version = row.prediction.classifier
        bars = [
            {"name": name, "value": value, "top": number == row.likeliest}
            for number, (name, value) in enumerate(zip(CLASSES, row.probabilities, strict=False))
        ]
        kinds = [
            {"title": titles.get(kind, kind), "class": told.get("class") or "–", "confidence": told.get("confidence")}
            for kind, told in row.by_modality.items() if isinstance(told, dict)
        ]  # fmt: skip
        made.append(
            {
                "weight_id": version.id, "weight_name": version_title(version), "bars": bars, "kinds": kinds,
                "shown": row.prediction_id == shown, "is_member": row.predicted >= 0,
                "predicted_name": row.predicted_name, "type": row.type, "type_sd": row.type_sd,
                "novelty": row.novelty, "modalities_differ": row.modalities_differ,
            }
        )  # fmt: skip
    return sorted(made, key=lambda one: not one["shown"])


def star_boot(star: Star, picture: dict[str, Any], previous: UUID | None, following: UUID | None) -> dict[str, Any]:
    """What the script of the page begins with."""
    base = "/api/v1/stellar"
    api, survey = f"{base}/stars/{star.id}", f"{base}/surveys/{star.survey_id}"
    velocity = None if star.redshift is None or not math.isfinite(star.redshift) else star.redshift * SPEED_OF_LIGHT
    return {
        "id": str(star.id), "name": star.name, "survey": str(star.survey_id), "api": api, "surveyApi": survey,
        "stars": f"{base}/stars", "means": f"{survey}/means", "neighbours": f"{api}/neighbours?count=8",
        "previous": str(previous) if previous else None, "next": str(following) if following else None,
        "spectrum": f"{api}/spectrum" if star.spectrum_file else None,
        "picture": f"{api}/image" if star.image_file else None, "pixelScale": picture.get("pixel_scale"),
        "oriented": bool(picture.get("pixel_scale") or picture.get("provenance")), "velocity": velocity or 0,
        "noSpectrum": "" if star.spectrum_file else _("The spectrum of this star is missing."),
        "noPicture": "" if star.image_file else _("The image of this star is missing."),
    }  # fmt: skip


def _marked(text: str, marks: str) -> str:
    """12:30:45.67 with a mark behind each part; seconds of arc carry it before the fraction, as astronomers write."""
    first, second, third = text.split(":")
    whole, fraction = third.split(".")
    return f"{first}{marks[0]}{second}{marks[1]}{whole}{marks[2]}.{fraction}"


def _redshift(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.5f} ({value * SPEED_OF_LIGHT:+.0f} km/s)"


def _size(picture: dict[str, Any]) -> str:
    if "width" not in picture:
        return ""
    return f"{picture['width']} × {picture['height']} px"
