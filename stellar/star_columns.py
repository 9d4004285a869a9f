"""Columns of the table of stars: what can be shown, what is shown, and how a number is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from stellar.models import Star

COOKIE: Final = "star-columns"


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        key: In the address and the cookie.
        title: Of the head.
        sort: A sort of `StarQuery`, or empty.
        text: Writes the number; None where the template draws the cell.
        usual: Whether it is shown when nothing else was chosen.
    """

    key: str
    title: str | Promise
    sort: str = ""
    text: Callable[[Star], str] | None = None
    usual: bool = True

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers."""
        return self.text is not None


def _written(name: str, digits: int) -> Callable[[Star], str]:
    def write(star: Star) -> str:
        value = getattr(star, name)
        return "–" if value is None else f"{value:.{digits}f}"

    return write


def _difference(first: str, second: str) -> Callable[[Star], str]:
    def write(star: Star) -> str:
        a, b = getattr(star, f"{first}_mag"), getattr(star, f"{second}_mag")
        return "–" if a is None or b is None else f"{a - b:.2f}"

    return write


def _sn(star: Star) -> str:
    return f"{star.sn:.1f}" if star.spectrum_file else "–"


def _novelty(star: Star) -> str:
    return "–" if star.novelty is None else f"{100 * star.novelty:.0f} %"


def _separation(star: Star) -> str:
    angle = getattr(star, "separation", None)
    return "–" if angle is None else f"{angle * 3600:.1f}″"


def _type(star: Star) -> str:
    if star.type is None:
        return "–"
    return f"M{star.type:.2f}" + ("" if star.type_sd is None else f" ± {star.type_sd:.2f}")


def _magnitude(band: str) -> Column:
    name = f"{band}_mag"
    return Column(name, f"{band} [mag]", name, _written(name, 2), usual=band == "r")


SEPARATION: Final = Column("separation", _("Distance"), "separation", _separation)
COLUMNS: Final[tuple[Column, ...]] = (
    Column("picture", _("Image")),
    Column("ra", _("RA [°]"), "ra", _written("ra", 5)),
    Column("dec", _("Dec [°]"), "dec", _written("dec", 5)),
    Column("class", _("Class"), "class"),
    Column("predicted", _("Predicted"), "predicted"),
    Column("type", _("Type"), "type", _type, usual=False),
    Column("novelty", _("Unlike M0–M4"), "novelty", _novelty, usual=False),
    Column("sn", _("S/N"), "sn", _sn),
    *(_magnitude(band) for band in "ugriz"),
    Column("g_r", "g − r", "", _difference("g", "r"), usual=False),
    Column("r_i", "r − i", "", _difference("r", "i")),
    Column("i_z", "i − z", "", _difference("i", "z"), usual=False),
    Column("flags", _("Flags"), usual=False),
    Column("screening", _("Screening"), usual=False),
    Column("reason", _("Trains")),
)  # fmt: skip


def chosen_columns(asked: str | None, cookie: str | None, *, has_cone: bool) -> list[Column]:
    """The columns of an address, else those of the last visit, else the usual ones.

    Args:
        asked: Keys with commas, of the address.
        cookie: The same, of the last visit.
        has_cone: Whether there is a distance to show.
    """
    text = asked if asked is not None else cookie
    keys = {part.strip() for part in text.split(",")} if text else None
    shown = [column for column in COLUMNS if (column.usual if keys is None else column.key in keys)]
    return [*([SEPARATION] if has_cone else []), *shown]


def table_rows(stars: Iterable[Star], columns: list[Column]) -> list[dict[str, Any]]:
    """Stars with the texts of their cells."""
    return [
        {
            "star": star,
            "cells": [{"column": column, "text": column.text(star) if column.text else ""} for column in columns],
        }
        for star in stars
    ]
