"""Where data sets keep their files. Paths are made from ids; nothing of a client's text enters one."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings

from cvstudio.datasets.errors import NotFoundError
from cvstudio.datasets.models import DatasetImage, DatasetVersion


def dataset_folder(dataset_id: UUID) -> Path:
    """Everything of a data set that is ours: unpacked images and version folders."""
    return Path(settings.DATASETS_DIR) / str(dataset_id)


def version_folder(dataset_id: UUID, number: int) -> Path:
    """Holds version.json, items.jsonl, rejects.csv and statistics.json."""
    return dataset_folder(dataset_id) / f"v{number}"


def images_folder(dataset_id: UUID, number: int) -> Path:
    """Where the archive of a version is unpacked."""
    return dataset_folder(dataset_id) / f"images-{number}"


def changes_file(dataset_id: UUID, number: int) -> Path:
    """The changes by hand from which a version is made."""
    return dataset_folder(dataset_id) / f"changes-{number}.json"


def thumbnail_folder(dataset_id: UUID) -> Path:
    """The cache of a data set's thumbnails."""
    return Path(settings.THUMBNAILS_DIR) / str(dataset_id)


def new_upload_path() -> Path:
    """A fresh name for an upload; the client's name is never a path."""
    return Path(settings.UPLOAD_DIR) / f"{uuid4().hex}.zip"


def image_file(version: DatasetVersion, image: DatasetImage) -> Path:
    """The file of an image, checked to lie inside the images' folder as it stands now.

    Raises:
        NotFoundError: It is gone, or something on the way has become a link that leads out.
    """
    root = Path(version.root).resolve()
    path = (root / image.path).resolve()
    if not version.root or not path.is_relative_to(root) or not path.is_file():
        raise NotFoundError(
            "The file of this image is not there any more.",
            code="image.missing",
            hint="Bring the file back, or make a new version of the data set.",
            where=image.path,
        )
    return path
