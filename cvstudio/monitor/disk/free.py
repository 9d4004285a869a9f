"""Looks at what takes room, says what a deletion would free, and deletes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.cache import cache
from django.core.exceptions import ObjectDoesNotExist

from cvstudio.monitor.disk.measure import bytes_freed, bytes_gone, bytes_taken, files_of
from cvstudio.monitor.disk.registry import Blocker, Holding, Kind, all_kinds
from ml_core.errors import CodedError

MOST_KEYS = 500
SHOWN = 100
_FRESH_S = 600


@dataclass(frozen=True)
class Measured:
    """A thing with its bytes; ``key`` names it in a request."""

    key: str
    kind: Kind
    holding: Holding
    bytes: int


@dataclass(frozen=True)
class Use:
    """The things of a kind, the largest first, and what they take together."""

    kind: Kind
    things: list[Measured]
    bytes: int


@dataclass(frozen=True)
class Item:
    """One thing of a plan: what comes back, or why it stays."""

    key: str
    kind: str
    title: str
    url: str
    bytes: int
    reason: str = ""


@dataclass(frozen=True)
class Plan:
    """What a deletion frees. ``done`` says whether it was carried out."""

    items: list[Item]
    freed: int
    done: bool = False

    @property
    def has_any(self) -> bool:
        """Whether something can go."""
        return any(not item.reason for item in self.items)


class UnknownThingError(CodedError):
    """Somebody asked for something that is not there, or not theirs."""

    default_code = "disk.unknown"
    status = 404


def uses_of(user: Any, *, fresh: bool = False) -> list[Use]:
    """What takes room of that which a person may delete, by kind. Sizes are kept for ten minutes."""
    uses = []
    for kind in all_kinds():
        things = [
            Measured(f"{kind.key}:{holding.id}", kind, holding, _size(kind, holding, fresh=fresh))
            for holding in kind.find(user)
        ]
        things = sorted((thing for thing in things if thing.bytes), key=lambda thing: -thing.bytes)
        uses.append(Use(kind, things, sum(thing.bytes for thing in things)))
    return uses


def plan_of(user: Any, keys: Sequence[str]) -> Plan:
    """What would come back; nothing is changed.

    A file that two of the things share comes back once, and only when nothing else holds it.

    Raises:
        UnknownThingError: One is not there.
    """
    chosen = _chosen(user, keys)
    going = _going(user, chosen)
    items = [
        Item(key, str(kind.title), holding.title, holding.url, bytes_freed(files_of(holding.paths)),
             reason=_reason(user, kind, holding, going))
        for key, (kind, holding) in chosen.items()
    ]  # fmt: skip
    paths = [path for key in going for path in chosen[key][1].paths]
    return Plan(items, bytes_freed(files_of(paths)))


def free(user: Any, keys: Sequence[str]) -> Plan:
    """Delete what can go, what stands on others first; the bytes are those that came back.

    Raises:
        UnknownThingError: One is not there.
    """
    chosen = _chosen(user, keys)
    plan = plan_of(user, keys)
    files = files_of(path for _, holding in chosen.values() for path in holding.paths)
    items = {item.key: item for item in plan.items}
    for key, (kind, holding) in chosen.items():
        try:
            kind.delete(user, holding.id)
            items[key] = replace(items[key], reason="")
        except ObjectDoesNotExist:  # somebody else was faster
            items[key] = replace(items[key], bytes=0, reason="")
        except CodedError as error:
            items[key] = replace(items[key], bytes=0, reason=f"{error.message} {error.hint}".strip())
        cache.delete(_cache_key(kind, holding))
    return Plan(list(items.values()), bytes_gone(files), done=True)


def _chosen(user: Any, keys: Sequence[str]) -> dict[str, tuple[Kind, Holding]]:
    """The named things in the order of deletion."""
    wanted, found = set(keys[:MOST_KEYS]), {}
    for kind in all_kinds():
        if any(key.startswith(f"{kind.key}:") for key in wanted):
            for holding in kind.find(user):
                if (key := f"{kind.key}:{holding.id}") in wanted:
                    found[key] = (kind, holding)
    if missing := wanted - set(found):
        raise UnknownThingError("It is not there any more.", hint="Load the page again.", where=min(missing)[:100])
    return found


def _going(user: Any, chosen: dict[str, tuple[Kind, Holding]]) -> set[str]:
    """Those that nothing keeps back but things that go before them."""
    going: set[str] = set()
    for key, (kind, holding) in chosen.items():
        if all(blocker.key in going for blocker in kind.blockers(user, holding.id)):
            going.add(key)
    return going


def _reason(user: Any, kind: Kind, holding: Holding, going: set[str]) -> str:
    left: list[Blocker] = [one for one in kind.blockers(user, holding.id) if one.key not in going]
    return ", ".join(blocker.name for blocker in left[:5])


def _size(kind: Kind, holding: Holding, *, fresh: bool) -> int:
    key = _cache_key(kind, holding)
    known = None if fresh else cache.get(key)
    if known is None:
        known = bytes_taken(files_of(holding.paths))
        cache.set(key, known, _FRESH_S)
    return int(known)


def _cache_key(kind: Kind, holding: Holding) -> str:
    return f"disk:{kind.key}:{holding.id}"
