"""Write a version in the layout of a format, as a run with a file at its end."""

from __future__ import annotations

from django.db import transaction

from cvstudio.datasets.errors import DatasetError, NotReadyError
from cvstudio.datasets.models import DatasetExport, DatasetVersion
from cvstudio.runs.models import Run
from cvstudio.runs.services.create_run import create_run

RECIPE = "data.export"
#: The only layout for images that have classes and no boxes.
FOLDERS = "classification"
#: The one that loses least comes first.
WITH_BOXES = ("coco", "yolo", "voc", FOLDERS)


def formats_for(version: DatasetVersion) -> list[str]:
    """Names of the formats that a version can be written in."""
    return list(WITH_BOXES) if version.task == DatasetVersion.Task.DETECT else [FOLDERS]


def start_export(version: DatasetVersion, format_name: str, *, boxes_only: bool = False) -> DatasetExport:
    """Put the export into the queue.

    Raises:
        NotReadyError: The version has no images yet.
        DatasetError: It cannot be written in this format.
        QuotaError: Too many runs of this person wait already.
    """
    if version.state != DatasetVersion.State.READY:
        raise NotReadyError("This version is not ready yet.", hint="Wait until its import has ended.")
    formats = formats_for(version)
    if format_name not in formats:
        raise DatasetError("This version cannot be written in this format.", code="export.format", where="format",
                           hint=f"Formats: {', '.join(formats)}.")  # fmt: skip
    config = {"version": version.folder, "root": version.root, "format": format_name, "boxes_only": boxes_only}
    with transaction.atomic():
        run = create_run(
            owner=version.dataset.owner,
            recipe=RECIPE,
            config=config,
            name=f"Export {version.dataset.name} v{version.number} as {format_name}"[:200],
        )
        return DatasetExport.objects.create(version=version, run=run, format=format_name, boxes_only=boxes_only)


def finish_export(run: Run) -> None:
    """Keep what was written and what was lost. May be called again for the same run."""
    DatasetExport.objects.filter(run=run).update(report=run.result["report"])
