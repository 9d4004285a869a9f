"""Change an architecture: name, description, view, and a new version when the document differs."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from cvstudio.architectures.errors import SaveConflictError
from cvstudio.architectures.models import Architecture
from cvstudio.architectures.services.check_document import CheckedDocument, check_document
from cvstudio.architectures.services.clean_view import clean_view
from cvstudio.architectures.services.create_architecture import add_version

ABSENT: Any = object()


def save_architecture(
    architecture: Architecture,
    *,
    document: object = ABSENT,
    base_version: int | None = None,
    name: str | None = None,
    description: str | None = None,
    view: object = ABSENT,
) -> Architecture:
    """Store what is given; everything else stays.

    A document equal to the current one makes no new version.

    Args:
        architecture: What to change.
        document: The whole graph.
        base_version: The version that the caller's work started from. When another one is current by now,
            nothing is stored. Without it the last one to save wins.
        name: New name.
        description: New description.
        view: New places of nodes and zoom.

    Raises:
        GraphError: The structure of the document is broken.
        SaveConflictError: Somebody saved in between.
    """
    checked = None if document is ABSENT else check_document(document)
    with transaction.atomic():
        # The lock orders two savers; SQLite does the same with its IMMEDIATE transactions.
        locked = (
            Architecture.objects.select_for_update(of=("self",))
            .select_related("current_version")
            .get(pk=architecture.pk)
        )
        if checked is not None:
            _save_document(locked, checked, base_version)
        fields = {"name": name, "description": description}
        changed: dict[str, Any] = {
            key: value for key, value in fields.items() if value is not None and value != getattr(locked, key)
        }
        if view is not ABSENT:
            changed["view"] = clean_view(view)
        for key, value in changed.items():
            setattr(locked, key, value)
        if changed:
            locked.save(update_fields=[*changed, "updated_at"])
    return locked


def _save_document(architecture: Architecture, checked: CheckedDocument, base_version: int | None) -> None:
    current = architecture.current_version
    if current is not None and current.fingerprint == checked.fingerprint:
        return
    if base_version is not None and current is not None and base_version != current.number:
        raise SaveConflictError(
            f"Somebody saved version {current.number} while you worked on version {base_version}.",
            hint="Look at what they changed under Versions, then save yours on top or restore theirs.",
            where=f"version {current.number}",
        )
    add_version(architecture, checked)


def save_view(architecture: Architecture, view: object) -> None:
    """Keep places and zoom. Not a change of the model: the date of the last change stays."""
    Architecture.objects.filter(pk=architecture.pk).update(view=clean_view(view))
