"""Versions by the words that people use for them: an id, or ``name@alias`` with the name or id of a weight."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet

from cvstudio.weights.errors import AmbiguousError

T = TypeVar("T")


def version_filter(text: str) -> Q | None:
    """The condition that finds the version; None when the text is neither an id nor ``name@alias``."""
    if (version_id := _uuid(text)) is not None:
        return Q(id=version_id)
    name, at, alias = text.rpartition("@")
    if not at or not name or not alias:
        return None
    weight_id = _uuid(name)
    weight = Q(weight__name=name) if weight_id is None else Q(weight_id=weight_id)
    return weight & Q(aliases__name=alias)


def the_one(rows: QuerySet[Any, T]) -> T | None:
    """The one row that was found; one query.

    Raises:
        AmbiguousError: Several weights have this name and alias.
    """
    found = list(rows[:2])
    if len(found) > 1:
        hint = "Give the id of the weight instead of its name, or the id of the version."
        raise AmbiguousError("Several weights have this name and alias.", hint=hint, where="weight")
    return found[0] if found else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
