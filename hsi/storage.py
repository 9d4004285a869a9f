"""Where scenes and maps keep their files. Paths are made from ids; nothing of a client's text enters one."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings

from hsi.errors import FilesMissingError
from hsi.models import AnomalyMap, Scene


def scene_home(scene_id: UUID) -> Path:
    """Everything of a scene that is ours: its scene folder and its maps."""
    return Path(settings.DATASETS_DIR) / "hsi" / str(scene_id)


def scene_folder(scene: Scene) -> Path:
    """Holds scene.json, cube.npy, mask.npy, preview.png and statistics.json."""
    return scene_home(scene.id) / "scene"


def map_folder(anomaly_map: AnomalyMap) -> Path:
    """Holds maps.json, regions.json and a file for each method."""
    return scene_home(anomaly_map.scene_id) / "maps" / str(anomaly_map.id)


def picture_folder(scene_id: UUID) -> Path:
    """The cache of pictures that were drawn of a scene and its maps."""
    return Path(settings.THUMBNAILS_DIR) / "hsi" / str(scene_id)


def new_upload_folder() -> Path:
    """A fresh folder for the files of one upload."""
    return Path(settings.UPLOAD_DIR) / f"hsi-{uuid4().hex}"


def is_upload(path: Path) -> bool:
    """Whether a folder was made by `new_upload_folder`, so that it may be removed."""
    return path.parent == Path(settings.UPLOAD_DIR) and path.name.startswith("hsi-")


def existing(path: Path, what: str) -> Path:
    """The path, when it is there.

    Raises:
        FilesMissingError: It is gone.
    """
    if not path.exists():
        raise FilesMissingError(f"{what} is gone from the disk.", hint="Import or compute it again.", where=path.name)
    return path
