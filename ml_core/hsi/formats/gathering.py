"""Finds and opens the files of one scene."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ml_core.errors import FormatError
from ml_core.hsi.formats.scene_file import SceneFile, is_scene_file, open_file

_MAX_FILES: Final = 200


def open_files(paths: list[Path]) -> list[SceneFile]:
    """Open what can be read among files and folders; the data file of an ENVI pair counts with its header.

    Raises:
        FormatError: Nothing can be read, a single file is damaged, or there are too many.
    """
    listed = [inner for path in paths for inner in (_files_of(path) if path.is_dir() else [path])]
    if len(listed) > _MAX_FILES:
        raise FormatError(f"There are more than {_MAX_FILES} files; one scene has few.", code="hsi.many_files",
                          hint="Import one scene at a time.")  # fmt: skip
    several = len(listed) > 1
    opened: dict[Path, SceneFile] = {}
    # Headers first: the data file of an ENVI pair is then known to belong to its header.
    for path in sorted(listed, key=lambda item: item.suffix.lower() != ".hdr"):
        known = {part for source in opened.values() for part in source.parts}
        if path in known or (several and not is_scene_file(path)):
            continue
        opened[path] = open_file(path)
    if not opened:
        raise FormatError(
            "None of the files is in a format that can be read.", code="hsi.unknown_format",
            hint="Bring .npz, .npy, .mat (version 5 or 7.3), ENVI (.hdr with its data file) or GeoTIFF.",
        )  # fmt: skip
    return sorted(opened.values(), key=lambda source: source.path)


def _files_of(folder: Path) -> list[Path]:
    """Files below a folder; links that lead out of it and hidden files are none of the scene's."""
    root = folder.resolve()
    plain = (
        path for path in folder.rglob("*")
        if not path.name.startswith(".") and path.is_file() and path.resolve().is_relative_to(root)
    )  # fmt: skip
    return sorted(itertools.islice(plain, _MAX_FILES + 1))


def file_names(paths: list[Path], given: Path | Sequence[Path]) -> list[str]:
    """Names for people and choices: relative to the given folder, else to the folder that all files share."""
    roots = [given] if isinstance(given, Path) else list(given)
    if len(roots) == 1 and roots[0].is_dir():
        return [path.relative_to(roots[0]).as_posix() for path in paths]
    if len(paths) == 1:
        return [paths[0].name]
    common = Path(os.path.commonpath([path.parent.absolute() for path in paths]))
    return [path.absolute().relative_to(common).as_posix() for path in paths]
