"""When an import has ended: take its images into the database, or say why there are none."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from django.conf import settings
from django.db import transaction
from numpy.typing import NDArray

from cvstudio.datasets.models import Dataset, DatasetImage, DatasetVersion
from cvstudio.datasets.services.start_statistics import start_statistics
from cvstudio.datasets.storage import images_folder
from cvstudio.runs.models import Run, RunState
from ml_core.data.annotations.table import AnnotationTable
from ml_core.data.manifest import Item, read_items, read_version
from ml_core.errors import CodedError

logger = logging.getLogger(__name__)

CHUNK = 2000
COVER_SIZE = 4
_LAST = 2**31

#: Up to here a version is measured without being asked: it takes less than about a minute.
MEASURED_UNASKED = 10_000


def finish_import(run: Run) -> None:
    """Store what the import wrote and make the version the current one. May be called again for the same run.

    Images go in by chunks, each in a transaction of its own, so that other writers never wait long. The version
    becomes ready at the very end: nobody sees half of it.

    Raises:
        FormatError: The version folder is damaged.
    """
    version = DatasetVersion.objects.filter(import_run=run).select_related("dataset__owner").first()
    if version is None or version.state == DatasetVersion.State.READY:
        return  # deleted meanwhile, or done by an earlier call
    take_version(version)
    _remove_upload(version)


def take_version(version: DatasetVersion) -> None:
    """Store what stands in a version's folder, and make the version the current one.

    Raises:
        FormatError: The version folder is damaged.
    """
    folder = Path(version.folder)
    facts = read_version(folder, ("classify", "detect"))
    shown = AnnotationTable(folder).first_label if facts["task"] == "detect" else None
    DatasetImage.objects.filter(version=version).delete()
    cover = _insert_images(version, read_items(folder), _Cover(shown))
    with transaction.atomic():
        _mark_ready(version, facts, cover)
    if facts["counts"]["images"] <= MEASURED_UNASKED:
        try:
            start_statistics(version)
        except CodedError as error:  # the data set is ready all the same
            logger.info("version %s is not measured unasked: %s", version.id, error.code)


def fail_import(run: Run) -> None:
    """Say on the version why its import ended without one. Resuming the run may still bring it."""
    stopped = {
        "code": "import.stopped",
        "message": "The import was stopped.",
        "hint": "Start it again, or delete the data set.",
        "where": "",
    }
    fault = run.cause if run.state != RunState.STOPPED and run.cause else stopped
    waiting = DatasetVersion.objects.filter(import_run=run).exclude(state=DatasetVersion.State.READY)
    waiting.update(state=DatasetVersion.State.FAILED, fault=fault)


def _insert_images(version: DatasetVersion, items: Iterator[Item], cover: _Cover) -> list[str]:
    position = 0
    while chunk := list(islice(items, CHUNK)):
        rows = [_row(version, position + offset, item) for offset, item in enumerate(chunk)]
        with transaction.atomic():
            DatasetImage.objects.bulk_create(rows)
        for row in rows:
            cover.offer(row)
        position += len(chunk)
    return cover.chosen()


def _row(version: DatasetVersion, position: int, item: Item) -> DatasetImage:
    return DatasetImage(
        id=uuid4(), version=version, position=position, path=item.path, label=item.label if item.label >= 0 else None,
        split=item.split, width=item.width, height=item.height, format=item.format, mode=item.mode,
        size_bytes=item.size_bytes, sha256=item.sha256,
    )  # fmt: skip


class _Cover:
    """Picks images that show many classes: the first ones of each, taken in turn.

    Args:
        labels: Of each image the class that stands for it, where images have boxes; images without any come last.
    """

    def __init__(self, labels: NDArray[np.int32] | None) -> None:
        self.labels = labels
        self.first: dict[int, list[str]] = {}

    def offer(self, row: DatasetImage) -> None:
        label = row.label if self.labels is None else int(self.labels[row.position])
        known = self.first.setdefault(_LAST if label is None or label < 0 else label, [])
        if len(known) < COVER_SIZE:
            known.append(str(row.id))

    def chosen(self) -> list[str]:
        labels = sorted(self.first)
        if len(labels) > 1 and labels[-1] == _LAST:
            labels.pop()
        step = max(1, len(labels) // COVER_SIZE)
        spread = labels[::step][:COVER_SIZE]
        turns = ((turn, label) for turn in range(COVER_SIZE) for label in spread)
        return [self.first[label][turn] for turn, label in turns if turn < len(self.first[label])][:COVER_SIZE]


def _mark_ready(version: DatasetVersion, facts: dict[str, Any], cover: list[str]) -> None:
    dataset = version.dataset
    if version.parent_id is None:
        images = images_folder(dataset.id, version.number)
        version.root = version.source if version.source and Path(version.source).is_dir() else str(images)
    version.task, version.revision = facts["task"], facts.get("revision", {})
    version.state, version.fault = DatasetVersion.State.READY, {}
    version.fingerprint, version.classes = facts["fingerprint"], facts["classes"]
    version.counts, version.rejects = facts["counts"], facts["rejects"]
    version.evidence, version.warnings, version.cover = facts["evidence"], facts["warnings"], cover
    version.save()
    newest = dataset.versions.filter(state=DatasetVersion.State.READY).order_by("-number").first()
    Dataset.objects.filter(id=dataset.id).update(current_version=newest, format=facts["source_format"])


def _remove_upload(version: DatasetVersion) -> None:
    """The archive has done its service once its files are unpacked."""
    source = Path(version.source)
    if version.source and source.parent == Path(settings.UPLOAD_DIR):
        source.unlink(missing_ok=True)
