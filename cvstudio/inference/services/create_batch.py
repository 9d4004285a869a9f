"""Starts the prediction of many pictures and videos as a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from cvstudio.datasets.models import DatasetVersion
from cvstudio.datasets.services.receive_upload import Upload
from cvstudio.datasets.services.resolve_folder import resolve_folder
from cvstudio.inference.errors import InferenceError
from cvstudio.inference.limits import limits
from cvstudio.inference.models import InferenceJob
from cvstudio.inference.services.receive_media import file_name, kind_of
from cvstudio.runs.services.create_run import create_run
from cvstudio.weights import library

if TYPE_CHECKING:
    from cvstudio.accounts.models import User
    from cvstudio.weights.models import WeightVersion

RECIPE = "vision.predict"
#: Which recipe predicts many inputs of a task. A domain adds its own.
RECIPES: dict[str, str] = {
    "vision.classify": RECIPE,
    "vision.detect": "vision.predict_boxes",
    "vision.segment": "vision.predict_masks",
}


@dataclass(frozen=True)
class Source:
    """Where the pictures are. The paths are the server's own, or were checked by `folder_source`.

    Attributes:
        config: Keys of the recipe's configuration.
        title: For people.
        facts: What the job remembers for clients.
        dataset_version: For lineage.
        upload: Removed again when no job is made.
    """

    config: dict[str, Any]
    title: str
    facts: dict[str, Any]
    dataset_version: DatasetVersion | None = None
    upload: Upload | None = None


def version_source(version: DatasetVersion, split: str | None = None) -> Source:
    """The images of a data set version, or of one of its splits.

    Raises:
        InferenceError: It is not ready.
    """
    if version.state != DatasetVersion.State.READY:
        raise InferenceError("The data set version is not ready.", code="inference.dataset_not_ready",
                             hint="Wait until its import has ended.", where="dataset_version")  # fmt: skip
    facts = {"source": "dataset", "dataset_version": str(version.id), "split": split}
    config = {"root": version.root, "version": version.folder, "split": split}
    return Source(config, str(version), facts, version)


def folder_source(text: str) -> Source:
    """A folder of the server.

    Raises:
        FolderNotAllowedError: It does not lie below an allowed root.
    """
    folder = resolve_folder(text)
    return Source({"root": str(folder)}, folder.name, {"source": "folder", "folder": str(folder)})


def archive_source(upload: Upload, name: str) -> Source:
    """An uploaded archive or video. It is kept when the job is made, and removed when its run has completed.

    Raises:
        UnsafeFileError: The archive could do harm.
        FormatError: It is no zip archive, or a damaged one.
        InferenceError: It is no video either.
    """
    config = {"archive": str(upload.finish())}
    kind = kind_of(upload.path)
    if kind is None:
        return Source(config, name or "zip", {"source": "zip", "name": name[:300]}, upload=upload)
    called = file_name(name, kind)
    return Source(
        {**config, "archive_name": called}, called, {"source": "video", "name": called, "kind": kind}, upload=upload
    )


def create_batch(
    *,
    owner: User,
    weight: WeightVersion,
    source: Source,
    top_k: int | None = None,
    every_nth: int = 1,
    name: str = "",
) -> InferenceJob:
    """Make the job and its run.

    Args:
        owner: Whose job it is.
        weight: The caller has checked that the person may use it.
        source: The pictures.
        top_k: Classes in each row, of a classifier.
        every_nth: Of a video, which frames.
        name: Of the run.

    Raises:
        InferenceError: No recipe predicts many inputs of this task.
        FilesMissingError: The weight's folder is gone.
        QuotaError: Too many runs of this person wait already.
    """
    try:
        recipe, config = _recipe_for(weight)
        config |= {**source.config, "every_nth": every_nth}
        if recipe == RECIPE:
            config["top_k"] = top_k or limits().top_k
        with transaction.atomic():
            run = create_run(
                owner=owner,
                recipe=recipe,
                config=config,
                name=(name or f"{weight} on {source.title}")[:200],
                dataset_version=source.dataset_version,
            )
            return InferenceJob.objects.create(
                owner=owner, kind=InferenceJob.Kind.BATCH, weight_version=weight, run=run, options=source.facts
            )
    except BaseException:
        if source.upload is not None:
            source.upload.discard()
        raise


def _recipe_for(weight: WeightVersion) -> tuple[str, dict[str, Any]]:
    """What predicts many inputs with a weight, and how it is told of the weight."""
    recipe = RECIPES.get(weight.weight.task)
    if recipe is None:
        raise InferenceError(
            f"Weights of {weight.weight.task} cannot predict a batch.", code="inference.no_batch", where="weight",
            hint="Choose a weight of an image classifier or a detector.",
        )  # fmt: skip
    return recipe, {"weight": str(library.folder_of(weight))}
