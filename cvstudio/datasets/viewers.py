"""The data set that a run of the data recipes is about."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from cvstudio.datasets.models import DatasetExport, DatasetVersion
from cvstudio.runs.viewers import register_viewer, rows_of


def _version(row: Any) -> str:
    return f"/datasets/{row.dataset_id}?version={row.number}"


def register() -> None:
    """Lead from imports, corrections, measurements, searches for wrong labels and exports to the data set."""
    for field in ("import_run", "statistics_run", "doubts_run"):
        register_viewer("data.", rows_of(DatasetVersion, field, _("Data set"), "dataset", _version))
    exports = rows_of(
        DatasetExport, "run", _("Exports"), "download", lambda row: f"/datasets/{row.version.dataset_id}/exports"
    )
    register_viewer("data.export", exports)
