"""The values of a table's filters, read from texts; each refusal names its filter and the choices."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from ml_core.stellar.spectra.subclass import CLASSES
from stellar.errors import StellarError
from stellar.models import NONE_OF_THEM
from stellar.sky import parse_cone

MOST_NAMES: Final = 2_000
_MOST_TEXT: Final = 100_000

LABELS: Final = {**{name: number for number, name in enumerate(CLASSES)}, "unknown": NONE_OF_THEM}
PREDICTED: Final = {**{name: number for number, name in enumerate(CLASSES)}, "none": NONE_OF_THEM}
UNCLASSIFIED: Final = "unclassified"


def read_filters(values: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of a `StarQuery` from the query of an address or a JSON object; what is not known is ignored.

    Raises:
        StellarError: A value makes no sense; ``where`` names it.
    """
    read = {name: str(value).strip() for name, value in _flat(values).items() if value not in (None, "")}
    if sum(len(value) for value in read.values()) > _MOST_TEXT:
        raise refused("filter", "The filter is too long.", "Choose fewer names.")
    found = {name: reader(name, read[name]) for name, reader in _READERS.items() if name in read}
    if "q" in read:
        found.setdefault("search", _text("q", read["q"]))
    if "class" in read:
        found["classes"] = _labels("class", read["class"])
    return found


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Of a repeated key all values, with commas between; lists alike."""
    lists = values.lists() if hasattr(values, "lists") else values.items()
    return {
        str(name): ",".join(str(part) for part in value) if isinstance(value, list | tuple) else value
        for name, value in lists
    }  # fmt: skip


def _text(name: str, value: str) -> str:
    if "\0" in value:
        raise refused(name, "The text holds a character that no name has.", "Leave it out.")
    return value[:200]


def _float(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise refused(name, f"“{value[:30]}” is no number.", "Write a number such as 5.")
    return number


def _labels(name: str, value: str) -> tuple[int, ...]:
    return tuple(LABELS[part] for part in _each(name, value, tuple(LABELS)))


def _answers(name: str, value: str) -> tuple[int | None, ...]:
    parts = _each(name, value, (*PREDICTED, UNCLASSIFIED))
    return tuple(PREDICTED.get(part) for part in parts)


def _each(name: str, value: str, known: tuple[str, ...]) -> list[str]:
    parts = [part.strip() for part in value.split(",") if part.strip()]
    for part in parts:
        if part not in known:
            raise refused(name, f"“{part[:30]}” is none of the choices.", f"One or more of: {', '.join(known)}.")
    return list(dict.fromkeys(parts))


def _one_of(*known: str) -> Callable[[str, str], str]:
    def read(name: str, value: str) -> str:
        if value not in known:
            raise refused(name, f"“{value[:30]}” is none of the choices.", f"One of: {', '.join(known)}.")
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
        raise refused(name, "This is no id.", "Take it from the list of surveys.") from error


def _names(name: str, value: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    if len(names) > MOST_NAMES:
        raise refused(name, f"At most {MOST_NAMES:,} names are taken at once.", "Ask for the others in further turns.")
    return names


def _ids(name: str, value: str) -> tuple[UUID, ...]:
    return tuple(_uuid(name, part) for part in _names(name, value))


def refused(where: str, message: str, hint: str) -> StellarError:
    """The error for a filter that makes no sense."""
    return StellarError(message, code="stellar.filter", hint=hint, where=where)


_READERS: Final[dict[str, Callable[[str, str], Any]]] = {
    "survey": _uuid, "search": _text, "cone": lambda _name, value: parse_cone(value), "predicted": _answers,
    "sn_min": _float, "sn_max": _float, "sn_group": _one_of("low", "high"), "complete": _flag, "has": _files,
    "lacks": _files, "disagrees": _one_of("label", "modality", "any"),
    "screening": _one_of("undecided", "accepted", "rejected"),
    "flag": _one_of("any", "several_sources", "off_centre", "noisy", "saturated", "cut_off"), "novel": _flag,
    "names": _names, "stars": _ids, "sort": _text,
}  # fmt: skip
