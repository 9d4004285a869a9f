"""Measure a version, and keep what was measured."""

from __future__ import annotations

import json
from pathlib import Path

from django.db import transaction

from cvstudio.datasets.errors import NotReadyError
from cvstudio.datasets.models import DatasetVersion
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.create_run import create_run
from cvstudio.runs.states import ACTIVE
from ml_core.data.manifest import STATISTICS_FILE
from ml_core.errors import FormatError


def start_statistics(version: DatasetVersion) -> Run:
    """Put the measurement into the queue; one that waits or works already is returned as it is.

    Raises:
        NotReadyError: The version has no images yet.
        QuotaError: Too many runs of this person wait already.
    """
    if version.state != DatasetVersion.State.READY:
        raise NotReadyError("This version is not ready yet.", hint="Wait until its import has ended.")
    known = version.statistics_run
    if known is not None and known.state in (RunState.QUEUED, *ACTIVE):
        return known
    with transaction.atomic():
        run = create_run(
            owner=version.dataset.owner,
            recipe="data.statistics",
            config={"version": version.folder, "root": version.root},
            name=f"Measure {version.dataset.name} v{version.number}"[:200],
        )
        version.statistics_run = run
        version.save(update_fields=["statistics_run"])
    return run


def finish_statistics(run: Run) -> None:
    """Take what was measured into the database. May be called again for the same run.

    Raises:
        FormatError: The file is missing or damaged.
    """
    version = DatasetVersion.objects.filter(statistics_run=run).first()
    if version is None:
        return  # deleted meanwhile, or measured anew since
    try:
        version.statistics = json.loads((Path(version.folder) / STATISTICS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError("The statistics cannot be read.", code="statistics.unreadable",
                          hint="Measure the version again.", where=STATISTICS_FILE) from error  # fmt: skip
    version.save(update_fields=["statistics"])
