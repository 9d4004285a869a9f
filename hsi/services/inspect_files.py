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


def keep_inspection(scene: Scene, found: Inspection) -> None:
    """Store what was found: what a person may choose, what is chosen, and why."""
    facts = found.as_dict()
    cube, mask = facts.pop("cube"), facts.pop("mask")
    scene.inspection = {
        **facts,
        "chosen": {"cube": cube, "mask": mask, "axis_order": cube["axis_order"]},
        "findings": [{"severity": "warning", "message": text} for text in facts["warnings"]],
        "sizes": _sizes(Path(scene.origin)),
    }


def resolve_place(text: str) -> Path:
    """A file or folder of the server that a person means.

    Raises:
        FolderNotAllowedError: It does not lie under an allowed root.
    """
    if text and "\0" not in text and len(text) <= 1000 and Path(text).is_file():
        path = Path(os.path.realpath(text))
        return resolve_folder(str(path.parent)) / path.name
    return resolve_folder(text)


def _sizes(origin: Path) -> dict[str, int]:
    if origin.is_file():
        return {origin.name: origin.stat().st_size}
    files = sorted(path for path in origin.rglob("*") if path.is_file())
    return {path.relative_to(origin).as_posix(): path.stat().st_size for path in files[:200]}
