"""Take corrections back: those that wait, or those that made the version in use."""

from __future__ import annotations

from django.db import transaction

from anime.errors import AnimeError
from anime.models import Collection, Correction
from anime.services.apply_corrections import require_quiet
from anime.storage import additions_folder
from cvstudio.datasets.models import DatasetVersion
from cvstudio.datasets.services.choose_version import choose_version


def undo(collection: Collection) -> list[Correction]:
    """Forget the corrections that were made last and wait; where none wait, go back to the version before.

    The corrections of a version that is given up wait again, so that they may be changed and applied anew. Versions
    never change, and none is deleted.

    Returns:
        What was taken back.

    Raises:
        AnimeError: ``anime.nothing_to_undo``.
        BusyError: A version is being made.
    """
    require_quiet(collection)
    with transaction.atomic():
        Collection.objects.select_for_update().get(id=collection.id)
        last = collection.corrections.filter(state=Correction.State.WAITING).order_by("-id").first()
        if last is not None:
            return _forget(collection, list(collection.corrections.filter(group=last.group)))
        return _go_back(collection)


def _forget(collection: Collection, rows: list[Correction]) -> list[Correction]:
    for row in rows:
        if row.action == Correction.Action.ADD:
            (additions_folder(collection) / row.path).unlink(missing_ok=True)
    Correction.objects.filter(id__in=[row.id for row in rows]).delete()
    return rows


def _go_back(collection: Collection) -> list[Correction]:
    current = collection.dataset.current_version
    made = collection.corrections.filter(version=current, state=Correction.State.APPLIED) if current else None
    rows = list(made) if made is not None else []
    ready = collection.dataset.versions.filter(state=DatasetVersion.State.READY)
    before = ready.filter(number__lt=current.number).order_by("-number").first() if current else None
    if not rows or before is None:
        raise AnimeError("There is no correction to take back.", code="anime.nothing_to_undo",
                         hint="Move an image or leave one out first.")  # fmt: skip
    Correction.objects.filter(id__in=[row.id for row in rows]).update(state=Correction.State.WAITING, version=None)
    choose_version(before)
    collection.dataset.current_version = before
    return rows
