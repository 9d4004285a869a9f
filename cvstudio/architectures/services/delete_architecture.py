"""Delete an architecture that nothing needs."""

from __future__ import annotations

from django.db import transaction
from django.db.models import ProtectedError

from cvstudio.architectures.errors import InUseError
from cvstudio.architectures.models import Architecture
from cvstudio.architectures.selectors import Dependent, Person, dependents_of

SHOWN = 5


def delete_architecture(architecture: Architecture, user: Person) -> None:
    """Delete all versions and generated code.

    Args:
        architecture: What to delete.
        user: Who asks; things of other people are counted but not named.

    Raises:
        InUseError: Runs or weights need a version; it names them.
    """
    dependents = dependents_of(architecture, user)
    if dependents:
        raise _in_use(architecture, dependents)
    try:
        with transaction.atomic():
            architecture.delete()
    except ProtectedError as error:
        # A run was created between the look and the deletion.
        raise _in_use(architecture, dependents_of(architecture, user)) from error


def _in_use(architecture: Architecture, dependents: list[Dependent]) -> InUseError:
    names = [dependent.label for dependent in dependents[:SHOWN]]
    more = len(dependents) - len(names)
    listed = ", ".join(names) + (f" and {more} more" if more > 0 else "")
    return InUseError(
        f"{architecture.name} cannot be deleted: {listed} depend on it.",
        hint="Delete those first, or keep the architecture.",
        where=", ".join(str(dependent.id) for dependent in dependents[:SHOWN]),
    )
