"""Delete a data set that nothing needs, and free its bytes."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import PROTECT, ProtectedError

from cvstudio.accounts.models import User
from cvstudio.common.models import OwnedQuerySet
from cvstudio.datasets.errors import BusyError, InUseError
from cvstudio.datasets.models import Dataset, DatasetExport, DatasetVersion
from cvstudio.datasets.storage import dataset_folder, thumbnail_folder
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.control_run import control_run
from cvstudio.runs.states import ACTIVE

SHOWN = 5


def delete_dataset(dataset: Dataset, user: User) -> int:
    """Delete all versions, their images and thumbnails. A registered folder itself stays as it is.

    Args:
        dataset: What to delete.
        user: Who asks; things of other people are counted but not named.

    Returns:
        Bytes that came back.

    Raises:
        InUseError: Runs need a version; it names some.
        BusyError: An import or measurement is at work.
    """
    _refuse_in_use(dataset, user)
    _end_own_runs(dataset)
    frees = owned_bytes(dataset)
    uploads = [Path(source) for source in dataset.versions.values_list("source", flat=True) if source]
    folders = [dataset_folder(dataset.id), thumbnail_folder(dataset.id)]
    try:
        with transaction.atomic():
            dataset.delete()
    except ProtectedError as error:  # a run was created between the look and the deletion
        raise InUseError("A run has begun to use this data set.", hint="Delete that run first.") from error
    _remove_files(folders, uploads)
    return frees


def owned_bytes(dataset: Dataset) -> int:
    """Bytes of image files that go with the data set; a registered folder counts nothing (1 query)."""
    own = str(dataset_folder(dataset.id))
    bytes_of: dict[str, int] = {}
    for root, counts in dataset.versions.values_list("root", "counts"):
        if root.startswith(own + "/"):
            bytes_of[root] = max(bytes_of.get(root, 0), counts.get("bytes", 0))
    return sum(bytes_of.values())


def dependents_of(dataset: Dataset, user: User) -> list[str]:
    """What keeps a data set from being deleted, in words (1 or 2 queries for each kind).

    Any model that protects a version counts, so that later apps need not be named here.
    """
    found: list[str] = []
    for relation in DatasetVersion._meta.related_objects:
        if getattr(relation, "on_delete", None) is not PROTECT:
            continue
        model: Any = relation.related_model
        rows = list(model._default_manager.filter(**{f"{relation.field.name}__dataset": dataset})[:50])
        if not rows:
            continue
        manager = model._default_manager.all()
        visible = manager.visible_to(user) if isinstance(manager, OwnedQuerySet) else manager.none()
        mine = set(visible.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
        kind = str(model._meta.verbose_name)
        found += [f"{kind} “{row}”" if row.pk in mine else f"{kind} of somebody else" for row in rows]
    return found


def _refuse_in_use(dataset: Dataset, user: User) -> None:
    dependents = dependents_of(dataset, user)
    if not dependents:
        return
    listed = ", ".join(dependents[:SHOWN])
    more = f" and {len(dependents) - SHOWN} more" if len(dependents) > SHOWN else ""
    raise InUseError(
        f"{dataset.name} cannot be deleted: {listed}{more} depend on it.",
        hint="Delete those first, or keep the data set.",
    )


def _end_own_runs(dataset: Dataset) -> None:
    """Stop imports that still wait; one that works must end before its folder may go."""
    versions = dataset.versions.select_related("import_run", "statistics_run", "doubts_run")
    exports = DatasetExport.objects.filter(version__dataset=dataset, run__isnull=False).select_related("run")
    own = [run for version in versions for run in (version.import_run, version.statistics_run, version.doubts_run)]
    runs: list[Run] = [run for run in [*own, *(entry.run for entry in exports)] if run is not None]
    for run in runs:
        if run.state in (RunState.QUEUED, RunState.PAUSED):
            run = control_run(run, "stop")
        if run.state in ACTIVE:
            raise BusyError("An import or a measurement of this data set is at work.",
                            hint="Stop it, or wait until it has ended, then delete.", where=str(run.id))  # fmt: skip


def _remove_files(folders: list[Path], uploads: list[Path]) -> None:
    for folder in folders:
        # The new name makes the data set vanish at once, however long the removal takes.
        trash = folder.with_name(f".deleted-{folder.name}")
        with contextlib.suppress(FileNotFoundError):  # never made, or taken by a second deletion at the same time
            folder.rename(trash)
            shutil.rmtree(trash, ignore_errors=True)
    for upload in uploads:
        if upload.parent == Path(settings.UPLOAD_DIR):
            upload.unlink(missing_ok=True)
