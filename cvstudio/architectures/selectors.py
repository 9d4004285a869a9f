"""Reading architectures. Every query starts at `visible_to`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import PROTECT, Model, QuerySet
from django.utils.translation import gettext as _

from cvstudio.accounts.models import User
from cvstudio.architectures.errors import UnknownVersionError
from cvstudio.architectures.models import Architecture, ArchitectureVersion
from cvstudio.common.models import OwnedQuerySet

Person = User | AnonymousUser


@dataclass(frozen=True, slots=True)
class Dependent:
    """Something that needs an architecture: a run, a version of a weight."""

    kind: str
    id: Any
    label: str


def listed_architectures(user: Person) -> QuerySet[Architecture]:
    """What a list shows, without the documents (1 query)."""
    rows = Architecture.objects.visible_to(user).select_related("owner", "current_version")
    return rows.defer("view", "current_version__document")


def visible_architectures(user: Person) -> QuerySet[Architecture]:
    """Architectures with their current document (1 query)."""
    return Architecture.objects.visible_to(user).select_related("owner", "current_version")


def visible_version(user: Person, architecture_id: uuid.UUID, number: int | None = None) -> ArchitectureVersion:
    """One version, the current one without a number (1 query).

    Raises:
        UnknownVersionError: It does not exist, or belongs to somebody else.
    """
    rows = ArchitectureVersion.objects.visible_to(user).filter(architecture_id=architecture_id)
    rows = rows.order_by("-number").select_related("architecture")
    version = (rows if number is None else rows.filter(number=number)).first()
    if version is None:
        raise UnknownVersionError("There is no such architecture, or it has no such version.")
    return version


def dependents_of(architecture: Architecture, user: Person) -> list[Dependent]:
    """What keeps an architecture from being deleted (1 query for each kind).

    Any model that protects a version counts, so that later apps need not be named here. Things of other
    people are counted without their names.
    """
    found: list[Dependent] = []
    for relation in ArchitectureVersion._meta.related_objects:
        if getattr(relation, "on_delete", None) is not PROTECT:
            continue
        model: type[Model] = relation.related_model  # type: ignore[assignment]
        rows = model._default_manager.filter(**{f"{relation.field.name}__architecture": architecture})
        if not rows:
            continue
        ids = [row.pk for row in rows]
        manager = model._default_manager.all()
        visible = manager.visible_to(user) if isinstance(manager, OwnedQuerySet) else manager.none()
        mine = set(visible.filter(pk__in=ids).values_list("pk", flat=True))
        kind = str(model._meta.verbose_name)
        for row in rows:
            label = f"{kind} “{row}”" if row.pk in mine else _("%(kind)s of somebody else") % {"kind": kind}
            found.append(Dependent(kind, row.pk, label))
    return found
