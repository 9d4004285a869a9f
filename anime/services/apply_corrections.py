"""Make the next version of a collection from the corrections that wait; go back to the one before."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction

from anime.errors import AnimeError, BusyError
from anime.models import CharacterImage, Collection, Correction
from anime.selectors import require_ready
from anime.services.start_version import start_version
from anime.services.write_known import write_known
from anime.storage import additions_folder, new_changes_file
from cvstudio.datasets.models import DatasetVersion
from cvstudio.datasets.services.revise_version import RECIPE as REVISE
from cvstudio.datasets.services.revise_version import revise_version
from cvstudio.datasets.storage import dataset_folder, images_folder
from cvstudio.runs.models import Run
from ml_core.anime.collection.extend import folder_name
from ml_core.run.files import write_json_atomic

EXTEND: Final = "anime.extend_collection"
RECIPES: Final = (REVISE, EXTEND)


def apply_corrections(collection: Collection) -> DatasetVersion:
    """Start the run that makes the next version. Where nothing is added, the images stay where they lie.

    Raises:
        AnimeError: ``anime.nothing_waits``.
        NotReadyError: The collection has not been imported.
        BusyError: A version is being made already.
        QuotaError: Too many runs of this person wait already.
    """
    version = require_ready(collection)
    require_quiet(collection)
    with transaction.atomic():
        Collection.objects.select_for_update().get(id=collection.id)
        waiting = list(collection.corrections.filter(state=Correction.State.WAITING).order_by("id"))
        if not waiting:
            raise AnimeError("No correction waits.", code="anime.nothing_waits",
                             hint="Move an image, leave one out, or add one.")  # fmt: skip
        changes = _changes(collection, version, [row for row in waiting if row.action != Correction.Action.ADD])
        additions = [row for row in waiting if row.action == Correction.Action.ADD]
        made = _start(collection, version, changes, additions)
        rows = Correction.objects.filter(id__in=[row.id for row in waiting])
        rows.update(state=Correction.State.APPLYING, version=made)
    return made


def release_corrections(run: Run) -> None:
    """The corrections of a run that ended without a version wait again.

    They stay with that version: when the run is resumed and makes it after all, they are applied and wait no longer.
    """
    rows = Correction.objects.filter(version__import_run=run, state=Correction.State.APPLYING)
    rows.update(state=Correction.State.WAITING)


def _changes(collection: Collection, version: DatasetVersion, corrections: list[Correction]) -> list[dict[str, Any]]:
    """As `ml_core.data.revision.changes` reads them; new names first."""
    names = list(version.classes)
    new = {row.after for row in corrections if row.action == Correction.Action.MOVE} - set(names)
    names += sorted(new)
    number = {name: at for at, name in enumerate(names)}
    rows = CharacterImage.objects.filter(collection=collection, path__in=[row.path for row in corrections])
    position = dict(rows.values_list("path", "position"))
    changes: list[dict[str, Any]] = [{"do": "rename", "classes": names}] if new else []
    for row in corrections:
        if row.path not in position:
            continue  # the version in use no longer has the image
        if row.action == Correction.Action.LEAVE_OUT:
            changes.append({"do": "leave_out", "image": position[row.path]})
        else:
            changes.append({"do": "set_class", "image": position[row.path], "label": number[row.after]})
    return changes


def _start(
    collection: Collection, version: DatasetVersion, changes: list[dict[str, Any]], additions: list[Correction]
) -> DatasetVersion:
    if not additions:
        return revise_version(version, changes=changes)
    dataset, changes_file = collection.dataset, new_changes_file(collection)
    changes_file.parent.mkdir(parents=True, exist_ok=True)
    write_json_atomic(changes_file, changes)
    additions_file = changes_file.with_suffix(".additions.json")
    home = additions_folder(collection)
    rows = [{"file": str(home / row.path), "character": folder_name(row.after)} for row in additions]
    write_json_atomic(additions_file, rows)
    is_ours = version.root.startswith(f"{dataset_folder(dataset.id)}/")
    return start_version(
        dataset, recipe=EXTEND, title=f"Correct {collection.name}",
        images=lambda number: str(images_folder(dataset.id, number)),
        config=lambda number, folder: {
            "known": str(write_known(collection, version)), "additions": str(additions_file),
            "changes": str(changes_file) if changes else "", "version": folder, "share": is_ours,
            "images": str(images_folder(dataset.id, number)),
        },
    )  # fmt: skip


def require_quiet(collection: Collection) -> None:
    """Let a collection pass of which no version is being made.

    Raises:
        BusyError: One is.
    """
    if collection.dataset.versions.filter(state=DatasetVersion.State.IMPORTING).exists():
        raise BusyError("A version of this collection is being made.", hint="Wait until it is ready.")
