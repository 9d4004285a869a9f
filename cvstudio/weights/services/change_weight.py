"""Renames and describes a weight, and keeps notes with a version."""

from __future__ import annotations

from django.db import transaction

from cvstudio.weights.errors import WeightError
from cvstudio.weights.models import WeightVersion

_MAX_TEXT = 10_000


def change_weight(version: WeightVersion, *, name: str, description: str, notes: str) -> None:
    """Store what a person says about it; files and facts never change.

    Raises:
        WeightError: The name is empty or a text is too long.
    """
    name = " ".join(name.split())
    if not name or len(name) > 200:
        raise WeightError("A weight needs a name of at most 200 characters.", code="weights.name",
                          hint="Give it one.", where="name")  # fmt: skip
    if max(len(description), len(notes)) > _MAX_TEXT:
        raise WeightError(f"A text has more than {_MAX_TEXT:,} characters.", code="weights.text", hint="Shorten it.")
    weight = version.weight
    weight.name, weight.description = name, description
    version.notes = notes
    with transaction.atomic():
        weight.save(update_fields=["name", "description", "updated_at"])
        version.save(update_fields=["notes"])
