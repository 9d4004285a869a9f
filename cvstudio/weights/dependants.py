"""What stands on a weight. Apps to the right register how their things are found and removed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cvstudio.weights.models import WeightVersion


@dataclass(frozen=True)
class Dependant:
    """One thing that needs a weight.

    Attributes:
        kind: What it is, in one or two words.
        name: Its name.
        url: Its page.
        active: Whether it is at work with the weight now, so that it must end first.
    """

    kind: str
    name: str
    url: str
    active: bool = False


@dataclass(frozen=True)
class Kind:
    """How one kind of dependant is found and, when the person wants it, removed."""

    find: Callable[[WeightVersion], Iterable[Dependant]]
    remove: Callable[[WeightVersion], int]


_kinds: dict[str, Kind] = {}


def register_dependants(key: str, kind: Kind) -> None:
    """Tell the library about things that need weights; the same key replaces."""
    _kinds[key] = kind


def dependants_of(version: WeightVersion) -> list[Dependant]:
    """Everything that would break without this version."""
    return [found for kind in _kinds.values() for found in kind.find(version)]


def remove_dependants(version: WeightVersion) -> int:
    """Remove them and return how many there were."""
    return sum(kind.remove(version) for kind in _kinds.values())
