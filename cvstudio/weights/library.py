"""Where the library keeps weight folders (the setting `WEIGHTS_DIR`), and how a folder gets in and out.

A version's folder is named after its id and is never changed. Files that already lie in a run directory are
hard-linked: the library costs no second copy, and stays whole when the run is deleted.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from uuid import UUID

from django.conf import settings

from cvstudio.weights.errors import FilesMissingError
from cvstudio.weights.models import WeightVersion
from ml_core.run.files import sync_folder
from ml_core.weights.folder import FACTS_FILE, TENSOR_SUFFIX, read_facts


def staging_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder in the library's own file system in which a version is put together. Removed when left."""
    library = _library()
    library.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix=".staging-", dir=library)


def put(source: Path, version_id: UUID) -> str:
    """Take the files of a weight folder into the library, by hard link where the file system allows.

    The version's folder appears whole or not at all. One that is there already is taken to be the same: ids are
    made for one folder only, and a run that ends twice comes here twice.

    Returns:
        The folder's name for `WeightVersion.folder`.
    """
    target = _library() / str(version_id)
    if not target.exists():
        with staging_folder() as staged:
            inner = Path(staged) / "weight"
            inner.mkdir(mode=0o755)
            for name in (FACTS_FILE, *read_facts(source).files):
                _link(source / name, inner / name)
            sync_folder(inner)
            inner.rename(target)
            sync_folder(_library())
    return target.name


def keep_folder(source: Path, made_by: UUID) -> int:
    """Take a folder that a run made beside weights, such as an index for searching, so that the infer worker finds it.

    Its name is the id of what made it; `remove` takes both.

    Returns:
        Bytes of its files.
    """
    target = _library() / str(made_by)
    if not target.exists():
        with staging_folder() as staged:
            inner = Path(staged) / "folder"
            inner.mkdir(mode=0o755)
            for path in source.iterdir():
                if path.is_file():
                    _link(path, inner / path.name)
            sync_folder(inner)
            inner.rename(target)
            sync_folder(_library())
    return folder_bytes(target)


def folder_of(version: WeightVersion) -> Path:
    """The version's folder.

    Raises:
        FilesMissingError: It is gone, or its name leads out of the library.
    """
    library = _library().resolve()
    folder = (library / version.folder).resolve()
    if folder == library or not folder.is_relative_to(library) or not any(folder.glob(f"*{TENSOR_SUFFIX}")):
        raise FilesMissingError(
            "The files of this weight are gone from the library.", hint="Delete it, and train or upload it again."
        )
    return folder


def version_of_folder(folder: Path) -> WeightVersion | None:
    """The version that a path of the library belongs to, the other way of `folder_of`."""
    if folder.resolve().parent != _library().resolve():
        return None
    return WeightVersion.objects.filter(folder=folder.name).first()


def folder_bytes(folder: Path) -> int:
    """Bytes of the files in a version's folder."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def bytes_freed_by_removal(folder: Path) -> int:
    """Bytes that come back when the folder goes: files that a run still holds stay on the disk."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file() and path.stat().st_nlink == 1)


def remove(version_id: UUID, folder_name: str) -> int:
    """Remove a version's folder and return the bytes that came back. A folder that is gone already frees nothing."""
    if folder_name != str(version_id):
        return 0  # not a folder that this module made
    trash = _library() / f".deleted-{folder_name}"
    try:
        (_library() / folder_name).rename(trash)  # of two deletions at the same time, one gets it
    except FileNotFoundError:
        return 0
    freed = bytes_freed_by_removal(trash)
    shutil.rmtree(trash)
    return freed


def _library() -> Path:
    return Path(settings.WEIGHTS_DIR)


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
