"""What differs between two versions of a data set; reckoned once, then kept beside the newer one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cvstudio.datasets.errors import DatasetError, NotReadyError
from cvstudio.datasets.models import DatasetVersion
from ml_core.data.revision.difference import difference
from ml_core.run.files import write_json_atomic

#: Up to here two versions are compared while somebody waits: about two seconds.
MOST_IMAGES = 20_000


def difference_file(old: DatasetVersion, new: DatasetVersion) -> Path:
    """Where the difference of two versions is kept."""
    return Path(new.folder) / f"difference-{old.number}.json"


def compare_versions(old: DatasetVersion, new: DatasetVersion) -> dict[str, Any]:
    """What became different, as `ml_core.data.revision.difference.difference` describes it.

    Raises:
        NotReadyError: One of them is not ready.
        DatasetError: They are too large to be compared while somebody waits, and no correction leads from one to the
            other.
        FormatError: A version folder is damaged.
    """
    if {old.state, new.state} != {DatasetVersion.State.READY}:
        raise NotReadyError("One of these versions is not ready.", hint="Choose two that are.")
    kept = difference_file(old, new)
    if kept.is_file():
        found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return found
    if old.counts["images"] + new.counts["images"] > 2 * MOST_IMAGES:
        raise DatasetError(
            "These versions are too large to be compared here.", code="versions.too_large",
            hint="Compare a corrected version with the one that it was made from: that is known already.",
        )  # fmt: skip
    found = difference(Path(old.folder), Path(new.folder))
    write_json_atomic(kept, found)
    return found
