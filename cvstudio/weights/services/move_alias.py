"""Lets a word such as ``production`` stand for one version of a weight, and keeps when it stood for which."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from django.db import transaction

from cvstudio.weights.errors import AliasError
from cvstudio.weights.models import AliasMove, Weight, WeightAlias, WeightVersion

if TYPE_CHECKING:
    from cvstudio.accounts.models import User

MAX_ALIASES: Final = 20
_NAME: Final = re.compile(r"[a-z][a-z0-9_.-]{0,39}")
_NUMBER: Final = re.compile(r"v\d+")


def move_alias(version: WeightVersion, name: str, user: User) -> WeightAlias:
    """Let the alias stand for this version from now on, whichever it stood for before.

    Raises:
        AliasError: The name cannot be one, or the weight has too many.
    """
    if not _NAME.fullmatch(name) or _NUMBER.fullmatch(name):
        raise AliasError(
            "An alias is a lower-case word of at most 40 letters, digits, points, dashes and underscores, "
            "and no number of a version.",
            hint="Call it production, for example.", where="alias",
        )  # fmt: skip
    with transaction.atomic():
        weight = Weight.objects.select_for_update().get(id=version.weight_id)
        found = weight.aliases.filter(name=name).first()
        if found is not None and found.version_id == version.id:
            return found
        if found is None and weight.aliases.count() >= MAX_ALIASES:
            raise AliasError(f"A weight has at most {MAX_ALIASES} aliases.", hint="Take one away first.", where="alias")
        alias, _ = WeightAlias.objects.update_or_create(weight=weight, name=name, defaults={"version": version})
        AliasMove.objects.create(weight=weight, name=name, number=version.number, user=user)
    return alias


def remove_alias(version: WeightVersion, name: str, user: User) -> bool:
    """Take the alias away from this version; False when it does not stand for it."""
    if not _NAME.fullmatch(name):
        return False
    with transaction.atomic():
        Weight.objects.select_for_update().get(id=version.weight_id)
        removed, _ = version.aliases.filter(name=name).delete()
        if removed:
            AliasMove.objects.create(weight_id=version.weight_id, name=name, number=None, user=user)
    return bool(removed)
