"""Reading data sets. Every query starts at `visible_to`; none loads the statistics of a version unasked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from cvstudio.accounts.models import User
from cvstudio.datasets.errors import NotFoundError
from cvstudio.datasets.models import AugmentationConfig, Dataset, DatasetExport, DatasetImage, DatasetVersion
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Artifact, Run
from ml_core.data.findings import in_order
from ml_core.data.manifest import READINGS_FILE, REJECTS_FILE, read_version

_NOT_YOURS = "Check the id. Things of other people are not shown."
_LARGE = ("config", "result", "preflight", "summary")


def listed_datasets(user: User | Any) -> QuerySet[Dataset]:
    """Data sets with their current version, and with the versions that are not ready (2 queries)."""
    unfinished = (
        DatasetVersion.objects.exclude(state=DatasetVersion.State.READY)
        .select_related("import_run")
        .defer("statistics", "doubts", *(f"import_run__{name}" for name in _LARGE))
        .order_by("-number")
    )
    return (
        Dataset.objects.visible_to(user)
        .select_related("owner", "current_version")
        .defer("current_version__statistics", "current_version__doubts")
        .prefetch_related(Prefetch("versions", queryset=unfinished, to_attr="unfinished"))
    )


def visible_dataset(user: User | Any, dataset_id: UUID) -> Dataset:
    """One data set (2 queries).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
    """
    dataset = listed_datasets(user).filter(id=dataset_id).first()
    if dataset is None:
        raise NotFoundError("There is no such data set.", hint=_NOT_YOURS)
    return dataset


def versions_of(dataset: Dataset) -> QuerySet[DatasetVersion]:
    """All versions, newest first, with their runs (1 query)."""
    runs = ("import_run", "statistics_run", "doubts_run")
    rows = dataset.versions.select_related(*runs, "parent").order_by("-number")
    large = [f"{run}__{name}" for run in runs for name in _LARGE]
    large += [f"parent__{name}" for name in ("statistics", "doubts", "evidence", "counts", "classes")]
    return rows.defer("statistics", "doubts", *large)


def version_of(dataset: Dataset, number: int | None = None) -> DatasetVersion:
    """One version: the current one, or the newest where none is ready, or the one with a number (1 query).

    Raises:
        NotFoundError: It has no such version.
    """
    rows = versions_of(dataset)
    if number is not None:
        rows = rows.filter(number=number)
    elif dataset.current_version_id is not None:
        rows = rows.filter(id=dataset.current_version_id)
    version = rows.first()
    if version is None:
        raise NotFoundError("The data set has no such version.", where="version")
    version.dataset = dataset
    return version


def statistics_of(version: DatasetVersion) -> dict[str, Any]:
    """What was measured on a version; empty when nothing was (1 query)."""
    found: dict[str, Any] = DatasetVersion.objects.values_list("statistics", flat=True).get(id=version.id)
    return found


def findings_of(version: DatasetVersion) -> list[dict[str, Any]]:
    """What is remarkable: likely wrong labels, what was measured, or else what the import found (1 query)."""
    rows = DatasetVersion.objects.filter(id=version.id)
    measured, doubts = rows.values_list("statistics__findings", "doubts__findings")[0]
    if measured is None and version.task == DatasetVersion.Task.DETECT and version.state == version.State.READY:
        measured = read_version(Path(version.folder), ("detect",))["findings"]
    return in_order([*(measured or ()), *(doubts or ())])


def image_of(version: DatasetVersion, image_id: UUID) -> DatasetImage:
    """One image (1 query).

    Raises:
        NotFoundError: The version has no such image.
    """
    image = version.images.filter(id=image_id).first()
    if image is None:
        raise NotFoundError("There is no such image in this version.")
    return image


def visible_image(user: User | Any, dataset_id: UUID, image_id: UUID) -> DatasetImage:
    """One image of any version of a data set, with its version (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
    """
    rows = (
        DatasetImage.objects.visible_to(user).select_related("version").defer("version__statistics", "version__doubts")
    )
    image = rows.filter(id=image_id, version__dataset_id=dataset_id).first()
    if image is None:
        raise NotFoundError("There is no such image.", hint=_NOT_YOURS)
    return image


def neighbours_of(rows: QuerySet[DatasetImage], image: DatasetImage) -> tuple[DatasetImage | None, DatasetImage | None]:
    """The images before and behind one in a list by position (2 queries)."""
    before = rows.filter(position__lt=image.position).order_by("-position").first()
    return before, rows.filter(position__gt=image.position).order_by("position").first()


def images_at(version: DatasetVersion, positions: list[int]) -> list[DatasetImage]:
    """Images by their positions, in the order asked for (1 query)."""
    found = {image.position: image for image in version.images.filter(position__in=positions)}
    return [found[position] for position in positions if position in found]


def rejects_file(version: DatasetVersion) -> Path:
    """The list of rejects: of the version, or of the import that failed because of them.

    Raises:
        NotFoundError: There is none.
    """
    places = [Path(version.folder) / REJECTS_FILE]
    if version.import_run_id is not None:
        places.append(run_folder(version.import_run_id) / "artifacts" / REJECTS_FILE)
    for place in places:
        if place.is_file():
            return place
    raise NotFoundError("There is no list of rejects.", hint="It is written while the images are checked.")


def readings_of(version: DatasetVersion) -> list[dict[str, Any]]:
    """How the files of a version can be read, best first; empty for what was never recognised (no query)."""
    places = [Path(version.folder) / READINGS_FILE]
    if version.import_run_id is not None:
        places.append(run_folder(version.import_run_id) / "artifacts" / READINGS_FILE)
    for place in places:
        try:
            found: list[dict[str, Any]] = json.loads(place.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        return found
    return []


def exports_of(version: DatasetVersion) -> QuerySet[DatasetExport]:
    """What a version was written as, newest first, with the runs and their files (2 queries)."""
    rows = version.exports.select_related("run").defer(*(f"run__{name}" for name in _LARGE))
    archives = Artifact.objects.filter(media_type="application/zip")
    return rows.prefetch_related(Prefetch("run__artifacts", queryset=archives, to_attr="archives"))


def runs_of(version: DatasetVersion, user: User | Any) -> QuerySet[Run]:
    """Runs that learnt from a version, as far as the person may see them (1 query)."""
    rows = Run.objects.visible_to(user).filter(dataset_version=version)
    return rows.defer(*_LARGE).order_by("-created_at")


def visible_augmentations(user: User | Any) -> QuerySet[AugmentationConfig]:
    """Saved augmentations (1 query)."""
    return AugmentationConfig.objects.visible_to(user).select_related("owner").order_by("name", "id")


def found_datasets(user: User | Any, text: str, limit: int) -> QuerySet[Dataset]:
    """Data sets whose name or description has the text, newest first (1 query)."""
    rows = (
        Dataset.objects.visible_to(user)
        .select_related("current_version")
        .defer("current_version__statistics", "current_version__doubts")
    )
    return rows.filter(Q(name__icontains=text) | Q(description__icontains=text)).order_by("-created_at")[:limit]
