"""Where collections, recognitions and generated images keep their files. Paths are made from ids alone."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings

from anime.errors import FilesMissingError
from anime.models import Collection, Enrolment, GeneratedImage, Recognition
from cvstudio.datasets.models import DatasetVersion
from cvstudio.datasets.storage import dataset_folder


def collection_home(collection: Collection) -> Path:
    """What the app itself keeps of a collection. It lies in the data set's folder and goes with it."""
    return dataset_folder(collection.dataset_id) / "anime"


def known_folder(collection: Collection, version: DatasetVersion) -> Path:
    """What recipes are given of a version: where its files lie, and the captions."""
    return collection_home(collection) / f"known-{version.number}"


def dataset_of_known(folder: Path) -> UUID:
    """The id of the data set that such a folder belongs to."""
    return UUID(folder.parent.parent.name)


def additions_folder(collection: Collection) -> Path:
    """Images that wait for the next version."""
    return collection_home(collection) / "additions"


def new_changes_file(collection: Collection) -> Path:
    """A fresh file for what the next version is to have different."""
    return collection_home(collection) / "changes" / f"{uuid4().hex}.json"


def enrolment_folder(enrolment: Enrolment) -> Path:
    """Images that a character is added with."""
    return _home() / "enrolments" / str(enrolment.id)


def recognition_file(recognition_id: UUID) -> Path:
    """The image that somebody sent, as it came."""
    return _home() / "recognitions" / str(recognition_id)


def view_file(recognition_id: UUID) -> Path:
    """The same small enough for pages, as JPEG."""
    return _home() / "recognitions" / f"{recognition_id}.jpg"


def map_file(recognition_id: UUID) -> Path:
    """Where the recogniser looked, as PNG."""
    return _home() / "recognitions" / f"{recognition_id}.map.png"


def square_file(recognition_id: UUID) -> Path:
    """The square that the recogniser saw, as PNG."""
    return _home() / "recognitions" / f"{recognition_id}.square.png"


def generated_file(generated: GeneratedImage) -> Path:
    """A drawn image, as PNG."""
    return _home() / "generated" / f"{generated.id}.png"


def files_of(recognition: Recognition) -> list[Path]:
    """All files of a recognition."""
    return [place(recognition.id) for place in (recognition_file, view_file, map_file, square_file)]


def existing(path: Path, what: str) -> Path:
    """The path, when it is there.

    Raises:
        FilesMissingError: It is gone.
    """
    if not path.is_file():
        raise FilesMissingError(f"{what} is gone from the disk.", hint="Make it again.", where=path.name)
    return path


def content_of(path: Path, what: str) -> bytes:
    """The bytes of a file.

    Raises:
        FilesMissingError: It is gone.
    """
    return existing(path, what).read_bytes()


def _home() -> Path:
    return Path(settings.DATASETS_DIR) / "anime"
