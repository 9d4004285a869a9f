"""Import a version once more after a failure, for example with its rejects accepted."""

from __future__ import annotations

from typing import Any

from cvstudio.datasets.errors import BusyError, DatasetError
from cvstudio.datasets.models import Dataset, DatasetVersion
from cvstudio.datasets.selectors import readings_of
from cvstudio.datasets.services.revise_version import start_revision
from cvstudio.datasets.services.start_import import add_version, start_import
from cvstudio.runs.models import RunState
from cvstudio.runs.states import ACTIVE


def retry_import(version: DatasetVersion, options: dict[str, Any]) -> DatasetVersion:
    """Start a failed import again; ``options`` replace those it had.

    Raises:
        DatasetError: It did not fail.
        BusyError: Its run is still at work.
    """
    if version.state == DatasetVersion.State.READY:
        raise DatasetError("This version is ready and never changes.", code="dataset.immutable",
                           hint="Make a new version.")  # fmt: skip
    run = version.import_run
    if run is not None and run.state in (RunState.QUEUED, RunState.PAUSED, *ACTIVE):
        raise BusyError("This import is still going on.", hint="Wait for it, or stop it first.")
    if version.parent_id is not None:
        start_revision(version)
        return version
    version.options = {**version.options, **options}
    start_import(version)
    return version


def import_again(dataset: Dataset, options: dict[str, Any]) -> DatasetVersion:
    """Make a new version from the same images: other splits, another reading, or a folder whose files have changed.

    Raises:
        DatasetError: There is nothing to start from.
    """
    base = dataset.versions.filter(state=DatasetVersion.State.READY).order_by("-number").first()
    if base is None:
        raise DatasetError("This data set has no version to start from.", hint="Upload it again.")
    return add_version(dataset, source=base.root, options=options)


def read_otherwise(version: DatasetVersion, number: int) -> DatasetVersion:
    """Import the images of a version once more with another of its readings.

    Args:
        version: One that is ready, then a new version is made; or one that failed, then it is tried again.
        number: The reading's place in `readings_of`.

    Raises:
        DatasetError: There is no such reading, or nothing to start from.
        BusyError: The import goes on.
    """
    readings = readings_of(version)
    if not 0 <= number < len(readings):
        raise DatasetError("There is no such reading.", code="dataset.unknown_reading", where="reading",
                           hint="Choose one of those that are listed.")  # fmt: skip
    chosen = readings[number]
    labels = chosen["labels"][0] if chosen["labels"] else ""
    options = {**version.options, "task": chosen["task"], "format": chosen["format"], "labels": labels}
    if version.state == DatasetVersion.State.READY:
        return add_version(version.dataset, source=version.root, options=options)
    return retry_import(version, options)
