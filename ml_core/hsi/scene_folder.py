"""The scene folder: what an import makes and every recipe reads.

``scene.json`` (facts), ``cube.npy`` (H, W, B), ``mask.npy`` (H, W, uint8, where there is one), ``invalid.npy`` (H, W,
bool, where pixels were not measured), ``preview.png`` and ``statistics.json``. A cube that was registered in place has
no ``cube.npy``; ``scene.json`` then names the file that it is mapped from.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import FormatError
from ml_core.hsi.formats.axis_order import arrange, check_order
from ml_core.hsi.formats.scene_file import open_file
from ml_core.hsi.formats.stored import copy_blocks
from ml_core.hsi.scene import Georeference, Scene
from ml_core.run.files import write_json_atomic

FORMAT: Final = 1
SCENE_FILE: Final = "scene.json"
CUBE_FILE: Final = "cube.npy"
MASK_FILE: Final = "mask.npy"
INVALID_FILE: Final = "invalid.npy"
PREVIEW_FILE: Final = "preview.png"
STATISTICS_FILE: Final = "statistics.json"


def is_scene_folder(path: Path) -> bool:
    """Whether ``path`` is a folder with a ``scene.json``."""
    return (path / SCENE_FILE).is_file()


def read_facts(folder: Path) -> dict[str, Any]:
    """The content of ``scene.json``.

    Raises:
        FormatError: It is missing, damaged or of another version of this program.
    """
    try:
        facts = json.loads((folder / SCENE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError("The scene's facts cannot be read.", code="hsi.scene_damaged", where=folder.name,
                          hint="Import the scene again.") from error  # fmt: skip
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise FormatError("The scene was written by another version of this program.", code="hsi.scene_version",
                          where=folder.name, hint="Import the scene again.")  # fmt: skip
    return facts


def read_scene_folder(path: Path, *, name: str | None = None) -> Scene:
    """The scene of a folder; its cube is mapped.

    Raises:
        FormatError: The folder is damaged, or the file of a cube registered in place is gone or has changed.
    """
    facts = read_facts(path)
    cube = _cube(path, facts)
    mask = _plain(path / MASK_FILE) if facts.get("has_mask") else None
    if mask is not None and mask.shape != cube.shape[:2]:
        raise FormatError("The mask of the scene has another size than its cube.", code="hsi.scene_damaged",
                          where=path.name, hint="Import the scene again.")  # fmt: skip
    good = np.ones(cube.shape[2], bool)
    good[[band for band in facts["bad_bands"] if 0 <= band < cube.shape[2]]] = False
    wavelengths = facts.get("wavelengths")
    place = facts.get("georeference")
    return Scene(
        name=name or facts["name"],
        cube=cube,
        mask=mask,
        wavelengths=None if wavelengths is None else np.asarray(wavelengths, np.float64),
        good_bands=good,
        georeference=None if place is None else Georeference(tuple(place["transform"]), place["crs"]),
        sensor=facts.get("sensor", ""),
        domain_id=int(facts.get("domain_id", 0)),
        invalid=read_invalid(path),
    )


def read_invalid(path: Path) -> NDArray[np.bool_] | None:
    """(H, W) True where a pixel of the scene was not measured; None where all were."""
    return np.asarray(_plain(path / INVALID_FILE)) if (path / INVALID_FILE).is_file() else None


def scene_facts(scene: Scene, extra: dict[str, Any] | None = None) -> dict[str, Any]:
    """What ``scene.json`` says about a scene; ``extra`` adds findings, fingerprint, source."""
    place = scene.georeference
    return {
        "format": FORMAT,
        "name": scene.name,
        "sensor": scene.sensor,
        "domain_id": scene.domain_id,
        "shape": list(scene.shape),
        "dtype": str(scene.cube.dtype),
        "has_mask": scene.mask is not None,
        "anomaly_pixels": None if scene.mask is None else int(np.count_nonzero(scene.mask)),
        "wavelengths": None if scene.wavelengths is None else [float(value) for value in scene.wavelengths],
        "bad_bands": np.flatnonzero(~scene.good_bands).tolist(),
        "georeference": None if place is None else {"transform": list(place.transform), "crs": place.crs},
        **(extra or {}),
    }


def write_scene_folder(scene: Scene, path: Path, *, extra: dict[str, Any] | None = None) -> None:
    """Write a scene as it is: cube (copied by rows), mask and facts. ``scene.json`` comes last.

    Args:
        scene: What to write.
        path: Folder to make; files in it are replaced.
        extra: Further facts, such as findings.
    """
    path.mkdir(parents=True, exist_ok=True)
    dtype = scene.cube.dtype.newbyteorder("=")
    copy = np.lib.format.open_memmap(path / CUBE_FILE, mode="w+", dtype=dtype, shape=scene.shape)
    copy_blocks(scene.cube, copy)
    copy.flush()
    if scene.invalid is not None:
        np.save(path / INVALID_FILE, np.asarray(scene.invalid, bool), allow_pickle=False)
    if scene.mask is not None:
        np.save(path / MASK_FILE, np.asarray(scene.mask, np.uint8), allow_pickle=False)
    write_json_atomic(path / SCENE_FILE, scene_facts(replace(scene, cube=copy), extra))


def _cube(path: Path, facts: dict[str, Any]) -> NDArray[Any]:
    place = facts.get("in_place")
    cube = _plain(path / CUBE_FILE) if place is None else _registered(place)
    if list(cube.shape) != facts["shape"]:
        raise FormatError("The cube of the scene has another size than its facts say.", code="hsi.scene_damaged",
                          where=path.name, hint="Import the scene again.")  # fmt: skip
    return cube


def _registered(place: dict[str, Any]) -> NDArray[Any]:
    """A cube that stayed where it was; the file must be the one that was looked at."""
    source = Path(place["path"])
    try:
        status = source.stat()
    except OSError as error:
        raise FormatError(
            "The file that the scene was registered from is no longer there.", code="hsi.source_gone",
            where=source.name, hint="Bring it back, or import the scene again with a copy.",
        ) from error  # fmt: skip
    if (status.st_size, status.st_mtime_ns) != (place["size_bytes"], place["modified_ns"]):
        raise FormatError("The file that the scene was registered from has changed.", code="hsi.source_changed",
                          where=source.name, hint="Import the scene again.")  # fmt: skip
    stored = open_file(Path(place["opened"])).array(place["key"])
    return arrange(stored.open(), check_order(place["axis_order"]))


def _plain(path: Path) -> NDArray[Any]:
    try:
        return open_file(path).arrays[0].open()
    except FormatError as error:
        raise FormatError("A file of the scene is missing or damaged.", code="hsi.scene_damaged", where=path.name,
                          hint="Import the scene again.") from error  # fmt: skip
