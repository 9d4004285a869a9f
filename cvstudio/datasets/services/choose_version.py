"""Make a version the one that everything uses: going back behind a correction, or forward again."""

from __future__ import annotations

from cvstudio.datasets.errors import NotReadyError
from cvstudio.datasets.models import Dataset, DatasetVersion


def choose_version(version: DatasetVersion) -> Dataset:
    """Make a version the current one; no version is lost.

    Raises:
        NotReadyError: It is not ready.
    """
    if version.state != DatasetVersion.State.READY:
        raise NotReadyError("This version is not ready yet.", hint="Choose one that is.")
    dataset = version.dataset
    dataset.current_version = version
    dataset.save(update_fields=["current_version", "updated_at"])
    return dataset
