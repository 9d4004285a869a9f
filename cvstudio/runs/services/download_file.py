"""Prepares files of a run for a download."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Artifact, Checkpoint, RunFile
from ml_core.errors import CodedError

# What a browser may show in place without being able to run anything.
SHOWN_TYPES = frozenset({"image/png", "image/jpeg", "image/webp"})


class FileGoneError(CodedError):
    """The file was removed, or lies where nothing may be taken from."""

    default_code = "run.file_gone"
    status = 404


@dataclass(frozen=True)
class FoundFile:
    """A file ready to be sent. ``discard`` removes it afterwards when it was made for this download."""

    path: Path
    name: str
    media_type: str = "application/octet-stream"
    is_shown: bool = False
    discard: Callable[[], None] | None = None


def find_artifact(artifact: Artifact, *, show: bool = False) -> FoundFile:
    """The file of an artifact; shown in place only when asked for and harmless.

    Raises:
        FileGoneError: It is not there.
    """
    path = _path_of(artifact)
    if not path.is_file():
        raise FileGoneError(
            "The file is gone.", hint="The run directory may have been cleaned up.", where=artifact.name
        )
    is_shown = show and artifact.media_type in SHOWN_TYPES
    return FoundFile(
        path, path.name, artifact.media_type if is_shown else "application/octet-stream", is_shown=is_shown
    )


def pack_checkpoint(checkpoint: Checkpoint) -> FoundFile:
    """The folder of a checkpoint as a zip. Numbers do not shrink, so they are stored as they are.

    Raises:
        FileGoneError: The keep policy has removed it.
    """
    folder = _path_of(checkpoint)
    if not folder.is_dir():
        raise FileGoneError(
            "The checkpoint is no longer on the disk.",
            hint="Only the latest, the best and those made by hand are kept.",
            where=checkpoint.path,
        )
    settings.TEMP_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        dir=settings.TEMP_DIR, prefix="checkpoint-", suffix=".zip", delete=False
    ) as stream:
        target = Path(stream.name)
        try:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
                for file in sorted(folder.iterdir()):
                    if file.is_file() and not file.is_symlink():
                        archive.write(file, f"{folder.name}/{file.name}")
        except BaseException:
            target.unlink()
            raise
    return FoundFile(target, f"{folder.name}.zip", "application/zip", discard=lambda: target.unlink(missing_ok=True))


def _path_of(file: RunFile) -> Path:
    """Where a file lies; links that lead out of the run directory are not followed."""
    assert isinstance(file, Artifact | Checkpoint)
    root = run_folder(file.run_id).resolve()
    path = (root / file.path).resolve()
    if not path.is_relative_to(root) or path == root:
        raise FileGoneError("The file lies outside the run directory.", where=file.path)
    return path
