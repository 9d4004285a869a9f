"""Correct a version: fixes of findings and changes by hand make the next version; the one before stays."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from cvstudio.datasets.errors import DatasetError, NotReadyError
from cvstudio.datasets.models import DatasetVersion
from cvstudio.datasets.services.compare_versions import difference_file
from cvstudio.datasets.services.finish_import import finish_import
from cvstudio.datasets.storage import changes_file, version_folder
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run
from cvstudio.runs.services.create_run import create_run
from ml_core.data.revision.changes import parse_changes
from ml_core.data.revision.fixes import FIXES, KNOWN
from ml_core.run.files import write_json_atomic

RECIPE = "data.revise"
KNOWN_FIXES = KNOWN


def revise_version(
    version: DatasetVersion, *, fixes: Sequence[str] = (), changes: Sequence[dict[str, Any]] = ()
) -> DatasetVersion:
    """Make the next version of a data set from this one and start the run that writes it.

    Args:
        version: What is corrected; it stays as it is.
        fixes: Names of `KNOWN_FIXES`.
        changes: Changes by hand, as `ml_core.data.revision.changes.parse_changes` reads them; they come after the
            fixes and name images and annotations of ``version``.

    Raises:
        NotReadyError: The version is not ready.
        DatasetError: There is nothing to do, or there is no such fix.
        FormatError: ``changes.invalid``.
        QuotaError: Too many runs of this person wait already.
    """
    if version.state != DatasetVersion.State.READY:
        raise NotReadyError("This version is not ready yet.", hint="Wait until its import has ended.")
    _refuse_unusable(version, fixes, changes)
    dataset = version.dataset
    with transaction.atomic():
        last = dataset.versions.order_by("-number").values_list("number", flat=True)[0]
        made = DatasetVersion.objects.create(
            dataset=dataset,
            number=last + 1,
            parent=version,
            task=version.task,
            root=version.root,
            folder=str(version_folder(dataset.id, last + 1)),
            options={"fixes": list(fixes), "changes": len(changes)},
        )
        if changes:
            write_json_atomic(changes_file(dataset.id, made.number), list(changes))
        start_revision(made)
    return made


def start_revision(version: DatasetVersion) -> None:
    """Create the run that writes a corrected version, or writes it once more after a failure."""
    parent = version.parent
    assert parent is not None
    dataset = version.dataset
    changes = str(changes_file(dataset.id, version.number)) if version.options["changes"] else ""
    fixes = ",".join(version.options["fixes"])
    config = {"version": parent.folder, "target": version.folder, "fixes": fixes, "changes": changes}
    with transaction.atomic():
        name = f"Correct {dataset.name} v{parent.number}"[:200]
        version.import_run = create_run(owner=dataset.owner, recipe=RECIPE, config=config, name=name)
        version.state, version.fault = DatasetVersion.State.IMPORTING, {}
        version.save(update_fields=["import_run", "state", "fault"])


def finish_revision(run: Run) -> None:
    """Take the corrected version, and keep what became different. May be called again for the same run."""
    version = DatasetVersion.objects.filter(import_run=run).select_related("parent").first()
    artifact = run_folder(run.id) / "artifacts" / "difference.json"
    if version is not None and version.parent is not None and artifact.is_file():
        shutil.copyfile(artifact, difference_file(version.parent, version))
    finish_import(run)


def _refuse_unusable(version: DatasetVersion, fixes: Sequence[str], changes: Sequence[dict[str, Any]]) -> None:
    unknown = [name for name in fixes if name not in KNOWN_FIXES]
    if unknown:
        raise DatasetError(f'There is no fix called "{unknown[0]}".', code="fix.unknown", where="fixes",
                           hint=f"Known fixes: {', '.join(KNOWN_FIXES)}.")  # fmt: skip
    if version.task != DatasetVersion.Task.DETECT and any(name in FIXES for name in fixes):
        raise DatasetError("This fix is for data sets with boxes.", code="revision.task", where="fixes",
                           hint="Choose another fix.")  # fmt: skip
    if not fixes and not changes:
        raise DatasetError("There is nothing to change.", code="revision.nothing", where="changes",
                           hint="Choose a fix, or correct an image.")  # fmt: skip
    rows = version.counts["annotations"]["kept"] if version.task == DatasetVersion.Task.DETECT else 0
    # A fix before the changes may name further classes; only the run knows how many there are then.
    classes = len(version.classes) + (2**31 if fixes else 0)
    parse_changes(list(changes), images=version.counts["images"], rows=rows, classes=classes)
