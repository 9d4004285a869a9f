"""Make a data set from an upload, a folder on the server, or a sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db import transaction

from cvstudio.accounts.models import User
from cvstudio.datasets.errors import DatasetError
from cvstudio.datasets.models import Dataset
from cvstudio.datasets.services.receive_upload import Upload
from cvstudio.datasets.services.resolve_folder import resolve_folder
from cvstudio.datasets.services.start_import import add_version


def create_from_upload(
    owner: User, upload: Upload, *, name: str = "", description: str = "", options: dict[str, Any] | None = None
) -> Dataset:
    """Keep an uploaded archive and import it as a new data set.

    Raises:
        CodedError: The archive was refused, an option is wrong, or too many runs wait.
    """
    path = upload.finish()
    try:
        return _create(owner, Dataset.Source.UPLOAD, name or "Upload", description, str(path), options)
    except BaseException:
        upload.discard()
        raise


def create_from_folder(
    owner: User, folder: str, *, name: str = "", description: str = "", options: dict[str, Any] | None = None
) -> Dataset:
    """Register a folder that lies under an allowed root; its files stay where they are.

    Raises:
        FolderNotAllowedError: It lies elsewhere, or is no folder.
    """
    path = resolve_folder(folder)
    return _create(owner, Dataset.Source.FOLDER, name or path.name, description, str(path), options, root=path)


def create_sample(owner: User, *, name: str = "") -> Dataset:
    """Handwritten digits, ready to try everything with."""
    return _create(owner, Dataset.Source.SAMPLE, name or "Handwritten digits",
                   "1,797 handwritten digits that come with scikit-learn.", "", None)  # fmt: skip


def add_version_from_upload(dataset: Dataset, upload: Upload, options: dict[str, Any] | None = None) -> Dataset:
    """Keep an uploaded archive and import it as the next version of a data set.

    Raises:
        CodedError: The archive was refused, an option is wrong, or too many runs wait.
    """
    path = upload.finish()
    try:
        add_version(dataset, source=str(path), options=options or {})
    except BaseException:
        upload.discard()
        raise
    return dataset


def _create(
    owner: User,
    source: str,
    name: str,
    description: str,
    path: str,
    options: dict[str, Any] | None,
    root: Path | None = None,
) -> Dataset:
    title = " ".join(name.split())[:200]
    if not title:
        raise DatasetError("A data set needs a name.", hint="Give it one.", where="name")
    with transaction.atomic():
        dataset = Dataset.objects.create(
            owner=owner, name=title, description=description, source=source, root=str(root or "")
        )
        add_version(dataset, source=path, options=options or {})
    return dataset
