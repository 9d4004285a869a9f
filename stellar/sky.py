"""Positions on the sky: as people write them, as vectors, and circles that a database can search."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from django.db.models import F, FloatField, Q, QuerySet, Value
from django.db.models.expressions import CombinedExpression, Expression
from django.db.models.functions import ASin, Cast, Least, Sqrt

from stellar.errors import StellarError

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_SEXAGESIMAL = re.compile(r"([+-]?)(\d{1,3})[:hd ]\s*(\d{1,2})[:m' ]\s*(\d{1,2}(?:\.\d*)?)\s*[s\"]?")
_UNITS = {"": 1.0, "d": 1.0, "deg": 1.0, "°": 1.0, "'": 1 / 60, "arcmin": 1 / 60, "m": 1 / 60,
          '"': 1 / 3600, "''": 1 / 3600, "arcsec": 1 / 3600, "s": 1 / 3600}  # fmt: skip


@dataclass(frozen=True)
class Cone:
    """A circle on the sky, all in degrees."""

    ra: float
    dec: float
    radius: float

    def __str__(self) -> str:
        return f"{self.ra:.10g},{self.dec:.10g},{self.radius:.10g}"


def unit_vector(ra: float, dec: float) -> tuple[float, float, float]:
    """The point of the unit sphere at a position in degrees."""
    longitude, latitude = math.radians(ra), math.radians(dec)
    across = math.cos(latitude)
    return across * math.cos(longitude), across * math.sin(longitude), math.sin(latitude)


def parse_cone(text: str) -> Cone:
    """``ra,dec,radius``: degrees, or sexagesimal (hours for ra); the radius in degrees, or with ' or " or arcmin.

    Raises:
        StellarError: ``stellar.cone``.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 3:
        raise _refused("A circle has a right ascension, a declination and a radius.")
    ra, dec, radius = _angle(parts[0], hours=True), _angle(parts[1], hours=False), _radius(parts[2])
    if not (0 <= ra <= 360 and -90 <= dec <= 90):
        raise _refused("The position is out of range: right ascension 0 to 360, declination -90 to 90.")
    if not 0 < radius <= 180:
        raise _refused("The radius is out of range: above 0, at most 180 degrees.")
    return Cone(ra % 360, dec, radius)


def within(rows: QuerySet[Any], cone: Cone) -> QuerySet[Any]:
    """Rows inside a circle, exact at the poles and across 0 hours: the chord between unit vectors is compared.

    A chord keeps its digits for circles of a fraction of an arcsecond, where the cosine of the angle has lost them.
    """
    chord = 2 * math.sin(math.radians(cone.radius) / 2)
    rows = rows.annotate(chord_2=_chord_2(cone)).filter(Q(unit_z__isnull=False))
    if cone.radius < 180:
        # 4 ulp of the sum of squares, so that a star exactly on the circle is inside.
        rows = rows.filter(chord_2__lte=chord * chord * (1 + 1e-12) + 1e-30)
    low, high = max(-90.0, cone.dec - cone.radius), min(90.0, cone.dec + cone.radius)
    # Only narrows the rows that the index hands over.
    return rows.filter(
        unit_z__gte=math.sin(math.radians(low)) - 1e-12, unit_z__lte=math.sin(math.radians(high)) + 1e-12
    )


def separation(cone: Cone) -> Expression:
    """Angle to the middle of a circle in degrees, for annotations."""
    half = Least(Sqrt(Cast(_chord_2(cone), FloatField())) / Value(2.0), Value(1.0), output_field=FloatField())
    return CombinedExpression(ASin(half), "*", Value(2 * 180 / math.pi), output_field=FloatField())


def _chord_2(cone: Cone) -> Expression:
    squares = []
    for name, value in zip(("unit_x", "unit_y", "unit_z"), unit_vector(cone.ra, cone.dec), strict=True):
        step = CombinedExpression(F(name), "-", Value(value), output_field=FloatField())
        squares.append(CombinedExpression(step, "*", step, output_field=FloatField()))
    first = CombinedExpression(squares[0], "+", squares[1], output_field=FloatField())
    return CombinedExpression(first, "+", squares[2], output_field=FloatField())


def _angle(text: str, *, hours: bool) -> float:
    if _NUMBER.fullmatch(text):
        return float(text)
    found = _SEXAGESIMAL.fullmatch(text)
    if found is None or int(found[3]) >= 60 or float(found[4]) >= 60:
        raise _refused(f"“{text[:30]}” is no angle.")
    value = int(found[2]) + int(found[3]) / 60 + float(found[4]) / 3600
    return (-value if found[1] == "-" else value) * (15 if hours else 1)


def _radius(text: str) -> float:
    number = _NUMBER.match(text)
    unit = text[number.end() :].strip() if number else "?"
    if number is None or unit not in _UNITS:
        raise _refused(f"“{text[:30]}” is no radius.")
    return float(number[0]) * _UNITS[unit]


def _refused(message: str) -> StellarError:
    return StellarError(message, code="stellar.cone", where="cone",
                        hint="Write degrees, such as 180.25,-1.5,0.1, or 12:01:00,-01:30:00,30\".")  # fmt: skip
