"""The columns that tables of stars are exported with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ml_core.stellar.export import Column
from ml_core.stellar.spectra.subclass import CLASSES
from stellar.models import Star, class_name

_FILES = ("spectrum_file", "image_file", "screening")


@dataclass(frozen=True)
class StarColumn(Column):
    """A column of an export.

    Attributes:
        group: ``catalogue``, ``files``, ``measured`` or ``predicted``.
        title: What it means, in the person's language; ``description`` stands in the file.
        fields: Of the row of a star; ``chances`` are the probabilities of its answer.
        value: Makes the cell of them; the only one as it is when left out.
    """

    group: str = "catalogue"
    title: str | Promise = ""
    fields: tuple[str, ...] = ()
    value: Callable[..., Any] | None = None


def _made(
    name: str, kind: str, group: str, title: Any, description: str, *fields: str, unit: str = "", ucd: str = "",
    value: Callable[..., Any] | None = None,
) -> StarColumn:  # fmt: skip
    return StarColumn(name, kind, unit=unit, ucd=ucd, description=description, group=group, title=title,
                      fields=fields or (name,), value=value)  # fmt: skip


def _text(name: str, group: str, title: Any, description: str, *fields: str, **more: Any) -> StarColumn:
    return _made(name, "text", group, title, description, *fields, **more)


def _number(name: str, group: str, title: Any, description: str, *fields: str, **more: Any) -> StarColumn:
    return _made(name, "number", group, title, description, *fields, **more)


def _whole(name: str, group: str, title: Any, description: str, *fields: str, **more: Any) -> StarColumn:
    return _made(name, "whole", group, title, description, *fields, **more)


def _flag(name: str, group: str, title: Any, description: str, *fields: str, **more: Any) -> StarColumn:
    return _made(name, "flag", group, title, description, *fields, **more)


def _answer(predicted: int | None) -> str:
    return "" if predicted is None else class_name(predicted) or "none"


def _where(known: Any) -> Callable[..., Any]:
    """The number, where what it belongs to is there."""
    return lambda value, holder: value if known(holder) else None


def _of_star(name: str, *fields: str) -> Callable[..., Any]:
    """What a star itself says of these fields."""
    return lambda *values: getattr(Star(**dict(zip(fields, values, strict=True))), name)


_MAGNITUDES = tuple(
    _number(f"{band}_mag", "catalogue", f"{band}", f"AB magnitude in the SDSS band {band}", unit="mag",
            ucd=f"phot.mag;em.opt.{part}")
    for band, part in zip("ugriz", "UBRII", strict=True)
)  # fmt: skip
_CHANCES = tuple(
    _number(f"p_{name}", "predicted", f"P({name})", f"Probability of {name}", "chances", ucd="stat.probability",
            value=lambda chances, at=number: chances[at] if chances else None)
    for number, name in enumerate(CLASSES)
)  # fmt: skip

COLUMNS: Final[tuple[StarColumn, ...]] = (
    _text("name", "catalogue", _("Name"), "Name of the star; in SDSS its specObjID", ucd="meta.id;meta.main"),
    _number("ra", "catalogue", _("Right ascension"), "Right ascension, J2000", unit="deg", ucd="pos.eq.ra;meta.main"),
    _number("dec", "catalogue", _("Declination"), "Declination, J2000", unit="deg", ucd="pos.eq.dec;meta.main"),
    _whole("plate", "catalogue", _("Plate"), "Plate of the spectrum", ucd="meta.id"),
    _whole("mjd", "catalogue", _("MJD"), "Modified Julian day of the spectrum", unit="d", ucd="time.epoch"),
    _whole("fiberID", "catalogue", _("Fibre"), "Number of the fibre", "fiber", ucd="meta.id"),
    _text("subclass", "catalogue", _("Sub-class"), "Sub-class as the catalogue writes it", ucd="src.spType"),
    *_MAGNITUDES,
    _text("label", "catalogue", _("Class"), "Class M0 to M4 that is learnt from; empty: unknown", ucd="src.class",
          value=class_name),
    _flag("class_edited", "catalogue", _("Class set by a person"), "A person set the class", "label_edited"),
    _text("spectrum_file", "files", _("File of the spectrum"), "File of the spectrum", ucd="meta.id;meta.file"),
    _text("image_file", "files", _("File of the image"), "File of the image", ucd="meta.id;meta.file"),
    _flag("complete", "files", _("Complete"), "Has a class, a spectrum and an image that was not rejected",
          "label", *_FILES, value=_of_star("is_complete", "label", *_FILES)),
    _text("reason", "files", _("Why it is not complete"), "Why it is not complete",
          "label", "subclass", "fault", *_FILES, value=_of_star("reason", "label", "subclass", "fault", *_FILES)),
    _text("screening", "files", _("Screening"), "accepted, rejected, or empty: not decided"),
    _text("image_flags", "measured", _("Flags of the image"), "Flags of the automatic screening"),
    _number("sn", "measured", _("S/N"), "Median signal to noise per pixel of the spectrum", "sn", "spectrum_file",
            ucd="stat.snr", value=_where(bool)),
    _text("sn_group", "measured", _("Group of S/N"), "low: S/N below 5; high: the others"),
    _number("coverage", "measured", _("Coverage"), "Measured part of 4000 to 9000 Angstrom", "coverage",
            "spectrum_file", value=_where(bool)),
    _number("redshift", "measured", _("Redshift"), "Redshift of the spectrum by its pipeline", ucd="src.redshift"),
    _text("spectrum_subclass", "measured", _("Sub-class of the spectrum"),
          "Sub-class as the file of the spectrum writes it", ucd="src.spType"),
    _text("predicted", "predicted", _("Answer"), "Answer: M0 to M4, or none of them; empty: not classified",
          ucd="src.class", value=_answer),
    _number("confidence", "predicted", _("Confidence"), "Probability of the answer", "confidence", "predicted",
            ucd="stat.probability", value=_where(lambda predicted: predicted is not None)),
    *_CHANCES,
    _number("type", "predicted", _("Continuous sub-type"), "Sub-type: 2.4 lies between M2 and M3"),
    _number("type_sd", "predicted", _("Its uncertainty"), "Standard deviation of type", ucd="stat.stdev"),
    _number("novelty", "predicted", _("Novelty"), "0 to 1: unlike every M0 to M4 star that was learnt from"),
    _flag("modalities_differ", "predicted", _("Spectrum and image differ"),
          "Spectrum and image alone say different classes"),
)  # fmt: skip
