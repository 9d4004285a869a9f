"""The scenes that a stage works on, from paths in its settings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ml_core.errors import CodedError
from ml_core.hsi.canonical import row_blocks
from ml_core.hsi.formats import open_scene
from ml_core.hsi.scene import Scene
from ml_core.hsi.scene_folder import is_scene_folder
from ml_core.hsi.stages.config import StageConfig

SCENE_ENDINGS = frozenset({".npz", ".mat", ".hdr", ".tif", ".tiff"})
"""Files that are taken for scenes when a whole folder is given. A lone ``.npy`` may as well be a mask."""


class SceneSourceError(CodedError):
    """A path leads to no scene, or two scenes cannot be told apart."""

    default_code = "hsi.no_scene"


@dataclass(frozen=True)
class SceneSource:
    """Where a scene lies. ``name`` and ``domain_id`` replace what the scene says of itself, unless empty."""

    path: Path
    name: str = ""
    domain_id: int | None = None


def find_scenes(path: Path) -> list[Path]:
    """The scenes at ``path``: itself when it is a file or a scene folder, else those in the folder, by name.

    Raises:
        SceneSourceError: There is none.
    """
    if path.is_file() or is_scene_folder(path):
        return [path]
    if not path.is_dir():
        raise SceneSourceError(f'"{path.name}" does not exist.', hint="Check the path.", where=path.name)
    found = [
        child
        for child in sorted(path.iterdir())
        if (child.is_file() and child.suffix.lower() in SCENE_ENDINGS) or is_scene_folder(child)
    ]
    if not found:
        raise SceneSourceError(
            f'The folder "{path.name}" holds no scenes.',
            hint="Give a folder with .npz, .mat, .hdr or .tif files, or with imported scenes.",
            where=path.name,
        )
    return found


def sources_of(config: StageConfig) -> list[SceneSource]:
    """Every scene that the settings name, each once and in their order.

    Raises:
        SceneSourceError: A path leads to no scene.
    """
    sources = [SceneSource(scene) for entry in config.scenes for scene in find_scenes(Path(entry))]
    for entry in config.pretrain_datasets:
        sources += [SceneSource(scene, entry.name, entry.domain_id) for scene in find_scenes(Path(entry.data_path))]
    by_path = {source.path.resolve(): source for source in sources}
    return list(by_path.values())


def open_sources(sources: Iterable[SceneSource]) -> list[Scene]:
    """Open scenes; their cubes stay on the disk.

    Raises:
        FormatError: One cannot be read.
    """
    return [_open(source) for source in sources]


def _open(source: SceneSource) -> Scene:
    scene = open_scene(source.path, name=source.name or None)
    return scene if source.domain_id is None else replace(scene, domain_id=source.domain_id)


def without_labels(scene: Scene) -> Scene:
    """The same scene, about whose anomalies nothing is known."""
    return replace(scene, mask=None)


def scene_fingerprint(scene: Scene) -> str:
    """SHA-256 of shape, type and values of the cube. The mask has no part in it."""
    digest = hashlib.sha256(f"{scene.cube.shape} {scene.cube.dtype.str}".encode())
    for rows in row_blocks(scene.cube.shape):
        digest.update(np.ascontiguousarray(scene.cube[rows]).tobytes())
    return digest.hexdigest()


def fingerprint(scenes: Sequence[Scene], *, labels: bool = False) -> str:
    """One fingerprint of all data that a stage learns from, whatever the order of the scenes.

    Args:
        scenes: The scenes.
        labels: The masks are learnt from as well.
    """
    parts = [f"{scene_fingerprint(scene)} {scene.domain_id}" for scene in scenes]
    if labels:
        parts = [
            f"{part} {hashlib.sha256(b'' if scene.mask is None else scene.mask.tobytes()).hexdigest()}"
            for part, scene in zip(parts, scenes, strict=True)
        ]
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()
