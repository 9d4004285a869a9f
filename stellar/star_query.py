"""What a table of stars is asked to show: read from an address, put onto a query, written back to an address."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import F, Field, FloatField, Q, QuerySet, SmallIntegerField, Value
from django.db.models.expressions import CombinedExpression, Expression
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual, In, LessThanOrEqual

from cvstudio.common.keyset import Sort
from ml_core.stellar.spectra.subclass import CLASSES
from stellar.errors import StellarError
from stellar.models import NONE_OF_THEM, Star
from stellar.sky import Cone, parse_cone, separation, within

MOST_NAMES: Final = 2_000
_MOST_TEXT: Final = 100_000
NOVEL: Final = 0.5
"""From this novelty on a star counts as none of M0 to M4."""

_LABELS: Final = {**{name: number for number, name in enumerate(CLASSES)}, "unknown": NONE_OF_THEM}
_PREDICTED: Final = {**{name: number for number, name in enumerate(CLASSES)}, "none": NONE_OF_THEM}
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
        read = {name: str(value).strip() for name, value in _flat(values).items() if value not in (None, "")}
        if sum(len(value) for value in read.values()) > _MOST_TEXT:
            raise _refused("filter", "The filter is too long.", "Choose fewer names.")
        found = {name: reader(name, read[name]) for name, reader in _READERS.items() if name in read}
        if "q" in read and "search" not in read:
            found["search"] = read["q"][:200]
        if "class" in read:
            found["classes"] = _labels("class", read["class"])
        query = cls(**found)
        name = query.sort.removeprefix("-")
        if name not in SORTS and not (name == "separation" and query.cone):
            raise _refused("sort", "The table cannot be sorted by this.", f"One of: {', '.join(SORTS)}.")
        return query

    def as_params(self) -> dict[str, str]:
        """The query of an address that means the same."""
        numbers = {number: name for name, number in _LABELS.items()}
        answers: dict[int | None, str] = {number: name for name, number in _PREDICTED.items()}
        answers[None] = "unclassified"
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


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Of a repeated key all values, with commas between; lists alike."""
    lists = values.lists() if hasattr(values, "lists") else values.items()
    return {
        str(name): ",".join(str(part) for part in value) if isinstance(value, list | tuple) else value
        for name, value in lists
    }  # fmt: skip


def _text(name: str, value: str) -> str:
    if "\0" in value:
        raise _refused(name, "The text holds a character that no name has.", "Leave it out.")
    return value[:200]


def _float(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _refused(name, f"“{value[:30]}” is no number.", "Write a number such as 5.")
    return number


def _labels(name: str, value: str) -> tuple[int, ...]:
    return tuple(_LABELS[part] for part in _each(name, value, tuple(_LABELS)))


def _answers(name: str, value: str) -> tuple[int | None, ...]:
    parts = _each(name, value, (*_PREDICTED, "unclassified"))
    return tuple(_PREDICTED.get(part) for part in parts)


def _each(name: str, value: str, known: tuple[str, ...]) -> list[str]:
    parts = [part.strip() for part in value.split(",") if part.strip()]
    for part in parts:
        if part not in known:
            raise _refused(name, f"“{part[:30]}” is none of the choices.", f"One or more of: {', '.join(known)}.")
    return list(dict.fromkeys(parts))


def _one_of(*known: str) -> Callable[[str, str], str]:
    def read(name: str, value: str) -> str:
        if value not in known:
            raise _refused(name, f"“{value[:30]}” is none of the choices.", f"One of: {', '.join(known)}.")
        return value

    return read


def _flag(name: str, value: str) -> bool:
    return _one_of("yes", "no", "true", "false", "1", "0", "True", "False")(name, value) in ("yes", "true", "1", "True")


def _files(name: str, value: str) -> tuple[str, ...]:
    return tuple(_each(name, value, ("spectrum", "image")))


def _uuid(name: str, value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError as error:
        raise _refused(name, "This is no id.", "Take it from the list of surveys.") from error


def _names(name: str, value: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    if len(names) > MOST_NAMES:
        raise _refused(name, f"At most {MOST_NAMES:,} names are taken at once.", "Ask for the others in further turns.")
    return names


def _ids(name: str, value: str) -> tuple[UUID, ...]:
    return tuple(_uuid(name, part) for part in _names(name, value))


def _yes(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


def _said(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _refused(where: str, message: str, hint: str) -> StellarError:
    return StellarError(message, code="stellar.filter", hint=hint, where=where)


_READERS: Final[dict[str, Callable[[str, str], Any]]] = {
    "survey": _uuid, "search": _text, "cone": lambda _name, value: parse_cone(value), "predicted": _answers,
    "sn_min": _float, "sn_max": _float, "sn_group": _one_of("low", "high"), "complete": _flag, "has": _files,
    "lacks": _files, "disagrees": _one_of("label", "modality", "any"),
    "screening": _one_of("undecided", "accepted", "rejected"),
    "flag": _one_of("any", "several_sources", "off_centre", "noisy", "saturated", "cut_off"), "novel": _flag,
    "names": _names, "stars": _ids, "sort": _text,
}  # fmt: skip
