"""Give a scene a mask afterwards, replace it, or take it away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsi.errors import SceneError
from hsi.models import AnomalyMap, Scene
from hsi.services.change_scene import write_shared_facts
from hsi.services.read_map import open_map
from hsi.services.receive_files import SceneUpload
from hsi.storage import existing, scene_folder
from ml_core.hsi.formats.candidates import Found
from ml_core.hsi.formats.masks import mask_candidate, read_mask
from ml_core.hsi.formats.scene_file import is_scene_file, open_file
from ml_core.hsi.scene_folder import MASK_FILE

#: So many maps get their scores anew at once; the others when they are looked at.
RESCORED = 20


def attach_mask(scene: Scene, upload: SceneUpload, *, key: str = "") -> Scene:
    """Find the mask in uploaded files, keep it, and score the maps of the scene by it.

    Args:
        scene: A ready scene.
        upload: One file, or a header with its data; nothing of it is kept.
        key: Name of the array; by evidence when empty.

    Raises:
        SceneError: No array has the size of the scene.
        FormatError: A file cannot be read, or the array holds no marks.
    """
    folder = existing(scene_folder(scene), "The scene")
    try:
        mask = _mask_in(upload.finish(), (scene.height or 0, scene.width or 0), key)
    finally:
        upload.discard()
    staged = folder / f".{MASK_FILE}.part"
    with staged.open("wb") as stream:
        np.save(stream, mask, allow_pickle=False)
    staged.replace(folder / MASK_FILE)
    scene.has_mask, scene.anomaly_pixels = True, int(np.count_nonzero(mask))
    _save(scene)
    _rescore(scene, mask)
    return scene


def remove_mask(scene: Scene) -> Scene:
    """Forget the mask and the scores that came from it."""
    scene.has_mask, scene.anomaly_pixels = False, 0
    _save(scene)
    (scene_folder(scene) / MASK_FILE).unlink(missing_ok=True)
    _rescore(scene, None)
    return scene


def _mask_in(folder: Path, size: tuple[int, int], key: str) -> NDArray[np.uint8]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    readable = [path for path in paths if is_scene_file(path)] or paths[:1]
    found = [Found(path.name, source, stored) for path in readable for source in [open_file(path)]
             for stored in source.arrays if not key or stored.key == key]  # fmt: skip
    candidates = [candidate for item in found if (candidate := mask_candidate(item, size)) is not None]
    if not candidates:
        shapes = ", ".join(" x ".join(map(str, item.stored.shape)) for item in found[:5]) or "nothing"
        raise SceneError(f"No array has the size of the scene, {size[0]} x {size[1]}; there is {shapes}.",
                         code="hsi.mask_shape", where="file",
                         hint="Give the mask of this very scene, cut in the same way.")  # fmt: skip
    return read_mask(max(candidates, key=lambda candidate: candidate.score))


def _save(scene: Scene) -> None:
    scene.save(update_fields=["has_mask", "anomaly_pixels", "updated_at"])
    write_shared_facts(scene)


def _rescore(scene: Scene, mask: NDArray[np.uint8] | None) -> None:
    from ml_core.hsi.metrics import can_score, score_map  # scipy: not when the web process starts

    for row in AnomalyMap.objects.filter(scene=scene, state=AnomalyMap.State.READY).order_by("-created_at")[:RESCORED]:
        for name, facts in row.methods.items():
            facts.pop("metrics", None)
            if mask is not None and can_score(mask):
                facts["metrics"] = dict(score_map(np.asarray(open_map(row, name)), mask))
        row.save(update_fields=["methods"])
