"""Import a version once more after a failure, for example with its rejects accepted."""

from __future__ import annotations

from typing import Any

from cvstudio.datasets.errors import BusyError, DatasetError
from cvstudio.datasets.models import Dataset, DatasetVersion
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
    version.options = {**version.options, **options}
    start_import(version)
    return version


def import_again(dataset: Dataset, options: dict[str, Any]) -> DatasetVersion:
    """Make a new version from the same images: other splits, or a folder whose files have changed.

    Raises:
        DatasetError: There is nothing to start from.
    """
    base = dataset.versions.filter(state=DatasetVersion.State.READY).order_by("-number").first()
    if base is None:
        raise DatasetError("This data set has no version to start from.", hint="Upload it again.")
    return add_version(dataset, source=base.root, options=options)
