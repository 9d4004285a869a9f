"""Folders of the server that may be registered: those under `DATASET_ROOTS`, as they resolve now."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from cvstudio.datasets.errors import FolderNotAllowedError

MAX_SHOWN = 500
OWN_FOLDERS = (
    "DATA_DIR", "UPLOAD_DIR", "DATASETS_DIR", "MODELS_DIR", "CHECKPOINTS_DIR", "RUNS_DIR", "WEIGHTS_DIR",
    "THUMBNAILS_DIR", "TEMP_DIR", "LOG_DIR",
)  # fmt: skip


@dataclass(frozen=True)
class FolderEntry:
    """A folder that may be opened or registered."""

    name: str
    path: str


@dataclass(frozen=True)
class FolderView:
    """What a browser of folders shows: where one is, what lies below, how many files lie here."""

    path: str
    parent: str | None
    folders: list[FolderEntry]
    files: int


def allowed_roots() -> list[Path]:
    """The roots that exist, resolved."""
    return [Path(root).resolve() for root in settings.DATASET_ROOTS if Path(root).is_dir()]


def resolve_folder(text: str) -> Path:
    """The folder that a person means.

    One message for every refusal: whether something exists outside the roots is nobody's business.

    Raises:
        FolderNotAllowedError: It does not lie under an allowed root, is no folder, or holds the studio's own files.
    """
    if not text or "\0" in text or len(text) > 1000:
        raise _refused()
    try:
        path = Path(text).resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise _refused() from error
    inside = any(path.is_relative_to(root) for root in allowed_roots())
    is_ours = any(path.is_relative_to(own) or own.is_relative_to(path) for own in _own_folders())
    if not inside or not path.is_dir() or is_ours:
        raise _refused()
    return path


def _own_folders() -> list[Path]:
    """Where the studio keeps things of all people; each can be set to lie outside `DATA_DIR`."""
    return [Path(getattr(settings, name)).resolve() for name in OWN_FOLDERS]


def view_folder(text: str = "") -> FolderView:
    """What lies in an allowed folder; without a text, the allowed roots.

    Raises:
        FolderNotAllowedError: As `resolve_folder`.
    """
    if not text:
        return FolderView("", None, [FolderEntry(str(root), str(root)) for root in allowed_roots()], 0)
    path = resolve_folder(text)
    names, files = [], 0
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                names.append(entry.name)
            else:
                files += 1
    folders = [FolderEntry(name, str(path / name)) for name in sorted(names, key=str.casefold)[:MAX_SHOWN]]
    parent = "" if path in allowed_roots() else str(path.parent)
    return FolderView(str(path), parent, folders, files)


def _refused() -> FolderNotAllowedError:
    return FolderNotAllowedError(
        "This folder cannot be registered.",
        hint="Choose a folder below one of the allowed roots; an administrator sets them in DATASET_ROOTS."
        if settings.DATASET_ROOTS
        else "No folders are allowed on this server; an administrator sets them in DATASET_ROOTS.",
        where="path",
    )
