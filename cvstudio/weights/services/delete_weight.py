"""Deletes a version of a weight, and says what stands on it and how many bytes come back."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import ProtectedError

from cvstudio.weights import library
from cvstudio.weights.dependants import Dependant, dependants_of, remove_dependants
from cvstudio.weights.errors import FilesMissingError, InUseError
from cvstudio.weights.models import WeightVersion

_NAMED = 5


@dataclass(frozen=True)
class Deletion:
    """What went.

    Attributes:
        bytes_freed: Files that a run still holds free nothing.
        dependants: How many other things were removed with it.
        weight_deleted: Whether it was the last version, so that the weight went too.
    """

    bytes_freed: int
    dependants: int
    weight_deleted: bool


@dataclass(frozen=True)
class Preview:
    """What a deletion would do."""

    bytes_freed: int
    dependants: list[Dependant]


def preview_deletion(version: WeightVersion) -> Preview:
    """What would go and what stands in the way."""
    try:
        freed = library.bytes_freed_by_removal(library.folder_of(version))
    except FilesMissingError:
        freed = 0
    return Preview(freed, dependants_of(version))


def delete_weight(version: WeightVersion, *, with_dependants: bool = False) -> Deletion:
    """Delete a version with its files; with the last one the weight goes too.

    Args:
        version: The caller has checked that the person may delete it.
        with_dependants: Remove what stands on it as well. What is at work now always stands in the way.

    Raises:
        InUseError: Other things stand on it; the message counts them, ``where`` names the first.
    """
    version_id, folder_name = version.id, version.folder
    with transaction.atomic():
        standing = dependants_of(version)
        blocking = [found for found in standing if found.active] if with_dependants else standing
        if blocking:
            raise _in_use(blocking)
        removed = remove_dependants(version) if with_dependants else 0
        weight = version.weight
        try:
            version.delete()
        except ProtectedError as error:  # a kind that did not register itself
            first = next(iter(error.protected_objects))
            kind = str(type(first)._meta.verbose_name)
            raise _in_use([Dependant(kind, str(first), "")]) from error
        is_last = not weight.versions.exists()
        if is_last:
            weight.delete()
    # Files go after the rows: a crash in between leaves files that nobody names, never rows without files.
    return Deletion(library.remove(version_id, folder_name), removed, is_last)


def _in_use(standing: list[Dependant]) -> InUseError:
    active = [found for found in standing if found.active]
    names = ", ".join(f"{found.kind} {found.name}" for found in (active or standing)[:_NAMED])
    if active:
        return InUseError("The weight is being used right now.", code="weights.at_work",
                          hint="Stop the work, or wait until it has ended.", where=names)  # fmt: skip
    count = len(standing)
    return InUseError(
        f"{count} other {'thing stands' if count == 1 else 'things stand'} on this weight.",
        hint="Delete them first, or delete with ?dependants=delete.", where=names,
    )  # fmt: skip
