"""Make a collection from an upload, a folder on the server, a data set that is there already, or a drawn sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from anime.errors import AnimeError
from anime.models import Collection
from anime.services.start_version import start_version
from anime.services.sync_characters import sync_characters
from cvstudio.datasets.models import Dataset, DatasetVersion
from cvstudio.datasets.services import create_dataset
from cvstudio.datasets.storage import images_folder

if TYPE_CHECKING:
    from cvstudio.accounts.models import User
    from cvstudio.datasets.services.receive_upload import Upload

SAMPLE: Final = "anime.sample_collection"
#: Text files beside images are no labels here, and folders of characters no splits.
_OPTIONS: Final = {"task": "classify", "format": "classification"}


def create_from_upload(owner: User, upload: Upload, *, name: str = "", accept_rejects: bool = False) -> Collection:
    """Keep an uploaded archive of one folder a character and import it.

    Raises:
        CodedError: The archive was refused, or too many runs wait.
    """
    with transaction.atomic():
        options = {**_OPTIONS, "accept_rejects": accept_rejects}
        return _beside(create_dataset.create_from_upload(owner, upload, name=name or "Characters", options=options))


def create_from_folder(owner: User, path: str, *, name: str = "", accept_rejects: bool = False) -> Collection:
    """Register a folder of the server; its files stay where they are.

    Raises:
        FolderNotAllowedError: It lies outside of the allowed roots, or is no folder.
    """
    with transaction.atomic():
        options = {**_OPTIONS, "accept_rejects": accept_rejects}
        return _beside(create_dataset.create_from_folder(owner, path, name=name, options=options))


def create_from_dataset(dataset: Dataset) -> Collection:
    """Take the classes of a data set for characters. The data set stays what it is. Twice is as good as once.

    Raises:
        AnimeError: Its images have boxes instead of classes.
    """
    known = Collection.objects.filter(dataset=dataset).first()
    if known is not None:
        return known
    version = dataset.current_version
    if version is not None and version.task != DatasetVersion.Task.CLASSIFY:
        raise AnimeError("This data set has no class for each image.", code="anime.no_classes", where="dataset",
                         hint="Choose one that was imported from one folder a character.")  # fmt: skip
    collection = _beside(dataset)
    if version is not None:
        sync_characters(collection, version)
    return collection


def create_sample(owner: User, *, name: str = "", seed: int = 0, per_character: int = 24) -> Collection:
    """Drawn characters in three styles, to try everything with.

    Raises:
        QuotaError: Too many runs of this person wait already.
    """
    title = " ".join(name.split())[:200] or "Drawn characters"
    with transaction.atomic():
        dataset = Dataset.objects.create(
            owner=owner, name=title, source=Dataset.Source.SAMPLE,
            description="Cartoon characters drawn by this program, in three styles.",
        )  # fmt: skip

        def config(number: int, folder: str) -> dict[str, Any]:
            images = str(images_folder(dataset.id, number))
            return {"images": images, "version": folder, "seed": seed, "per_character": per_character}

        start_version(dataset, recipe=SAMPLE, title=f"Draw {title}", config=config,
                      images=lambda number: str(images_folder(dataset.id, number)))  # fmt: skip
        return _beside(dataset)


def _beside(dataset: Dataset) -> Collection:
    return Collection.objects.create(owner=dataset.owner, dataset=dataset)
