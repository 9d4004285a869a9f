"""What a table of stars is asked to show: read from an address, put onto a query, written back to an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import F, Field, FloatField, Q, QuerySet, SmallIntegerField, Value
from django.db.models.expressions import CombinedExpression, Expression
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual, In, LessThanOrEqual

from cvstudio.common.keyset import Sort
from stellar.filter_values import LABELS, PREDICTED, UNCLASSIFIED, read_filters, refused
from stellar.models import NONE_OF_THEM, Star
from stellar.sky import Cone, separation, within

_DISAGREES: Final[dict[str, Q]] = {
    "label": Q(label__gte=0, predicted__isnull=False) & ~Q(predicted=F("label")),
    "modality": Q(modalities_differ=True),
}
_COMPLETE: Final = Q(label__gte=0) & ~Q(spectrum_file="") & ~Q(image_file="") & ~Q(screening="rejected")
_SCREENING: Final = {"undecided": "", "accepted": "accepted", "rejected": "rejected"}


def _number(name: str, low: float = -1e9) -> Sort:
    """A column that may be empty sorts its empty rows first."""
    return Sort(Coalesce(F(name), Value(low), output_field=FloatField()), "number")


#: The first four have an index behind them.
SORTS: Final[dict[str, Sort]] = {
    "position": Sort("position", "number"), "name": Sort("name"), "sn": Sort("sn", "number"),
    "confidence": Sort("confidence", "number"), "type": _number("type"), "novelty": _number("novelty"),
    "class": Sort("label", "number"), "predicted": _number("predicted"), "ra": _number("ra"), "dec": _number("dec"),
    **{f"{band}_mag": _number(f"{band}_mag") for band in "ugriz"},
}  # fmt: skip
DEFAULT_SORT: Final = "position"


@dataclass(frozen=True)
class StarQuery:
    """Filters and order of a table of stars; what is left out does not filter.

    Attributes:
        survey: Id of one survey; the stars of all when None.
        search: Part of a name or sub-class, or the whole plate-mjd-fiber.
        cone: A circle on the sky.
        classes: Labels, -1 for unknown.
        predicted: Labels, -1 for none of M0 to M4, None for not classified.
        sn_min: Lowest S/N.
        sn_max: Highest S/N.
        sn_group: ``low`` or ``high``.
        complete: Whether a star trains on both modalities.
        has: Of ``spectrum`` and ``image``, what must be there.
        lacks: What must not.
        disagrees: ``label`` (prediction against catalogue), ``modality`` (spectrum against picture) or ``any``.
        screening: ``undecided``, ``accepted`` or ``rejected``.
        flag: A flag of the automatic screening; ``any`` for at least one.
        novel: Whether the prediction calls it none of M0 to M4.
        names: These stars alone.
        stars: These stars alone, by their ids.
        sort: One of `SORTS`, or ``separation`` with a cone; ``-`` in front for falling.
    """

    survey: UUID | None = None
    search: str = ""
    cone: Cone | None = None
    classes: tuple[int, ...] = ()
    predicted: tuple[int | None, ...] = ()
    sn_min: float | None = None
    sn_max: float | None = None
    sn_group: str = ""
    complete: bool | None = None
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    disagrees: str = ""
    screening: str = ""
    flag: str = ""
    novel: bool | None = None
    names: tuple[str, ...] = ()
    stars: tuple[UUID, ...] = ()
    sort: str = DEFAULT_SORT

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> StarQuery:
        """Read the query of an address or a JSON object; what is not known is ignored.

        Raises:
            StellarError: A value makes no sense; ``where`` names it.
        """
        query = cls(**read_filters(values))
        name = query.sort.removeprefix("-")
        if name not in SORTS and not (name == "separation" and query.cone):
            raise refused("sort", "The table cannot be sorted by this.", f"One of: {', '.join(SORTS)}.")
        return query

    def as_params(self) -> dict[str, str]:
        """The query of an address that means the same."""
        numbers = {number: name for name, number in LABELS.items()}
        answers: dict[int | None, str] = {number: name for name, number in PREDICTED.items()}
        answers[None] = UNCLASSIFIED
        said = {
            "survey": str(self.survey or ""), "search": self.search, "cone": str(self.cone or ""),
            "class": ",".join(numbers[label] for label in self.classes),
            "predicted": ",".join(answers[label] for label in self.predicted),
            "sn_min": _said(self.sn_min), "sn_max": _said(self.sn_max), "sn_group": self.sn_group,
            "complete": _yes(self.complete), "has": ",".join(self.has), "lacks": ",".join(self.lacks),
            "disagrees": self.disagrees, "screening": self.screening, "flag": self.flag, "novel": _yes(self.novel),
            "names": ",".join(self.names), "stars": ",".join(map(str, self.stars)),
            "sort": "" if self.sort == DEFAULT_SORT else self.sort,
        }  # fmt: skip
        return {name: value for name, value in said.items() if value}

    def as_text(self) -> str:
        """The same, encoded."""
        return urlencode(self.as_params())

    @property
    def is_filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(set(self.as_params()) - {"survey", "sort"})

    def apply(self, rows: QuerySet[Star]) -> QuerySet[Star]:
        """The rows that pass; their order is left to `sorts`."""
        if self.survey is not None:
            rows = rows.filter(survey_id=self.survey)
        if self.cone is not None:
            rows = within(self.measured(rows), self.cone)
        for condition in self._conditions():
            rows = rows.filter(condition)
        return rows

    def measured(self, rows: QuerySet[Star]) -> QuerySet[Star]:
        """With the angle to the middle of the circle, where there is one."""
        return rows if self.cone is None else rows.annotate(separation=separation(self.cone))

    def sorts(self) -> dict[str, Sort]:
        """The orders that this query knows."""
        return SORTS | ({"separation": Sort("separation", "number")} if self.cone else {})

    def sort_key(self) -> Any:
        """What the rows are sorted by, for annotations."""
        value = self.sorts()[self.sort.removeprefix("-")].value
        return F(value) if isinstance(value, str) else value

    @property
    def falls(self) -> bool:
        """Whether the highest comes first."""
        return self.sort.startswith("-")

    def _conditions(self) -> list[Q]:
        found = []
        if self.search:
            found.append(_searched(self.search))
        if self.classes:
            found.append(_in("label", list(self.classes)))
        if self.predicted:
            known = [label for label in self.predicted if label is not None]
            missing = Q(predicted__isnull=True) if None in self.predicted else Q()
            found.append(_in("predicted", known) | missing if known else missing)
        if self.sn_min is not None or self.sn_max is not None:
            found.append(~Q(spectrum_file=""))
        if self.sn_min is not None:
            found.append(Q(GreaterThanOrEqual(_aside("sn", FloatField()), self.sn_min)))
        if self.sn_max is not None:
            found.append(Q(LessThanOrEqual(_aside("sn", FloatField()), self.sn_max)))
        if self.sn_group:
            found.append(Q(sn_group=self.sn_group))
        if self.complete is not None:
            found.append(_COMPLETE if self.complete else ~_COMPLETE)
        found += [~Q(**{f"{kind}_file": ""}) for kind in self.has]
        found += [Q(**{f"{kind}_file": ""}) for kind in self.lacks]
        if self.disagrees:
            both = _DISAGREES["label"] | _DISAGREES["modality"]
            found.append(_DISAGREES.get(self.disagrees, both))
        if self.screening:
            found.append(Q(screening=_SCREENING[self.screening]))
        if self.flag:
            found.append(~Q(image_flags="") if self.flag == "any" else Q(image_flags__contains=self.flag))
        if self.novel is not None:
            found.append(Q(predicted=NONE_OF_THEM) if self.novel else Q(predicted__gte=0))
        if self.names:
            found.append(Q(name__in=self.names))
        if self.stars:
            found.append(Q(id__in=self.stars))
        return found


def complete_stars() -> Q:
    """The condition of a star that trains on both modalities."""
    return _COMPLETE


def _in(name: str, labels: list[int]) -> Q:
    """One value is looked up in its index, which has the order of the table too."""
    if len(labels) == 1:
        return Q(**{name: labels[0]})
    return Q(In(_aside(name, SmallIntegerField()), labels))


def _aside(name: str, kind: Field[Any, Any]) -> Expression:
    """A column whose index the database leaves aside: it would gather and sort tens of thousands of rows to show the
    first fifty, where going along the index of the order finds them at once."""
    return CombinedExpression(F(name), "+", Value(0), output_field=kind)


def _searched(text: str) -> Q:
    parts = text.replace("spec-", "").removesuffix(".fits").split("-")
    if len(parts) == 3 and all(part.isdecimal() and part.isascii() and len(part) < 10 for part in parts):
        plate, mjd, fiber = map(int, parts)
        return Q(plate=plate, mjd=mjd, fiber=fiber)
    return Q(name__contains=text) | Q(subclass__icontains=text)


def _yes(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


def _said(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
