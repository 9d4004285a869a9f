"""Makes the objects that a batch found into labels of a new data set version: drafts for people to correct."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cvstudio.datasets.models import DatasetVersion
from cvstudio.datasets.services.revise_version import revise_version
from cvstudio.inference.errors import InferenceError
from cvstudio.inference.models import InferenceJob
from cvstudio.inference.services.read_results import results_of
from ml_core.data.annotations.table import NOT_NAMED, AnnotationTable
from ml_core.vision.batch.answers import read_answers
from ml_core.vision.batch.tables import Sieve

TASK = "vision.detect"


def can_draft(job: InferenceJob) -> bool:
    """Whether the answers of a job can become labels: objects in the images of a data set with boxes."""
    return job.weight_version.weight.task == TASK and _version(job) is not None


def draft_labels(job: InferenceJob, threshold: float | None = None) -> DatasetVersion:
    """Start the next version of the data set, in which images that nobody has labelled have the boxes found in them.

    Boxes of classes that the data set does not have are left out; labelled images stay as they are.

    Args:
        job: The caller has checked that the person may see it.
        threshold: Least probability of a box; as the batch says when it is left out.

    Raises:
        ResultsMissingError: The batch has no answers, or not yet.
        InferenceError: The answers are no objects in a data set with boxes, or no image is without labels.
        DatasetError: The version cannot be revised.
    """
    version = _version(job) if job.weight_version.weight.task == TASK else None
    if version is None:
        raise InferenceError(
            "These answers cannot become labels.", code="inference.no_drafts", where="job",
            hint="Find objects in a data set with boxes; its images without labels get them as drafts.",
        )  # fmt: skip
    assert job.run is not None
    chosen = float(job.run.result.get("threshold", 0.0)) if threshold is None else threshold
    changes = _changes(version, read_answers(results_of(job, "json").path), Sieve(chosen))
    if not changes:
        raise InferenceError(
            "Nothing was found in an image without labels.", code="inference.no_drafts", where="job",
            hint="Add images that have no labels yet, or lower the threshold.",
        )  # fmt: skip
    return revise_version(version, changes=changes)


def _version(job: InferenceJob) -> DatasetVersion | None:
    """The version whose images were predicted."""
    versions = DatasetVersion.objects.visible_to(job.owner).filter(task=DatasetVersion.Task.DETECT)
    return versions.select_related("dataset").filter(id=job.options.get("dataset_version")).first()


def _changes(version: DatasetVersion, answers: Iterable[dict[str, Any]], sieve: Sieve) -> list[dict[str, Any]]:
    states = AnnotationTable(Path(version.folder)).image_state
    labels = {name: label for label, name in enumerate(version.classes)}
    positions = dict(version.images.values_list("path", "position"))
    return [
        {"do": "add", "image": positions[entry["path"]], "label": labels[one["class"]], "box": one["box"]}
        for entry in map(sieve, answers)
        if entry["path"] in positions and states[positions[entry["path"]]] == NOT_NAMED
        for one in entry.get("boxes", ())
        if one["class"] in labels
    ]
