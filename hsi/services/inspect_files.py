"""Look into the files of a scene and keep what was found, for a person to confirm or correct."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import Any

from cvstudio.datasets.services.resolve_folder import resolve_folder
from hsi.models import Scene
from ml_core.hsi.formats import Choice, Inspection, inspect_scene

#: What a person may decide about the files.
CHOICES = tuple(field.name for field in fields(Choice))


def inspect_files(scene: Scene, choice: dict[str, Any] | None = None) -> Inspection:
    """Look into the scene's files; reads headers, not cubes.

    Args:
        scene: Has its origin.
        choice: Values for `CHOICES`.

    Raises:
        FormatError: Nothing can be read, there is no cube, or a choice cannot be.
        UnsafeFileError: A file could do harm.
    """
    return inspect_scene(Path(scene.origin), Choice(**(choice or {})))


def resolve_place(text: str) -> Path:
    """A file or folder of the server that a person means.

    Raises:
        FolderNotAllowedError: It does not lie under an allowed root.
    """
    if text and "\0" not in text and len(text) <= 1000 and Path(text).is_file():
        path = Path(os.path.realpath(text))
        return resolve_folder(str(path.parent)) / path.name
    return resolve_folder(text)
