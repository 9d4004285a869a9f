"""Scenes and maps as an import and a detection leave them, small and quick."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvstudio.accounts.models import User
from hsi.models import AnomalyMap, Scene
from hsi.storage import map_folder, scene_folder
from ml_core.hsi.anomaly.fusion import fuse
from ml_core.hsi.import_config import ImportSceneConfig
from ml_core.hsi.import_scene import make_scene_folder
from ml_core.hsi.infer import MAPS_FILE, describe_map, main_method
from ml_core.hsi.metrics import score_map
from ml_core.hsi.simulate import Simulation, simulate_scene

NOTE = {
    "code": "hsi.bad_bands",
    "severity": "info",
    "message": "Two bands are constant.",
    "hint": "Nothing needs doing.",
}
FUSED = ("lm_nll", "recon", "one_class")
KINDS = {"combined": "combined", "lm_nll": "head", "recon": "head", "one_class": "head"}


class Silent:
    """Nobody is told how far the import is, and nobody asks for its end."""

    def log(self, message: str, level: Any = "info") -> None:
        """Nothing."""

    def progress(self, done: float, total: float | None, unit: str = "items", stage: str = "") -> None:
        """Nothing."""

    def raise_if_requested(self) -> None:
        """Nothing."""


def make_scene(owner: User, *, name: str = "Harbour", mask: bool = True, seed: int = 5) -> Scene:
    """A simulated scene of 40 x 50 pixels that was imported."""
    made = simulate_scene(seed, Simulation(height=40, width=50, bands=30))
    scene = Scene(owner=owner, name=name, source=Scene.Source.UPLOAD, state=Scene.State.READY)
    folder = scene_folder(scene)
    folder.parent.mkdir(parents=True)
    file = folder.parent / "scene.npz"
    arrays = {"cube": np.asarray(made.cube), "wavelengths": np.asarray(made.wavelengths)}
    if mask:
        arrays["gt"] = np.asarray(made.mask)
    np.savez(file, allow_pickle=False, **arrays)
    facts = make_scene_folder(ImportSceneConfig(source=str(file), target=str(folder), name=name), Silent())
    scene.height, scene.width, scene.bands = facts["shape"]
    scene.wavelengths, scene.bad_bands = facts["wavelengths"] or [], facts["bad_bands"]
    scene.has_mask, scene.anomaly_pixels = facts["has_mask"], facts["anomaly_pixels"] or 0
    scene.dtype, scene.fingerprint, scene.size_bytes = facts["dtype"], facts["fingerprint"], made.cube.nbytes
    scene.findings = [NOTE]
    scene.save()
    return scene


def make_map(
    scene: Scene, methods: tuple[str, ...] = ("global_rx", "iforest"), *, name: str = "Classics"
) -> AnomalyMap:
    """Maps with scores that follow the scene's mask; the combination is made of the heads as the detector does."""
    row = AnomalyMap(owner=scene.owner, scene=scene, name=name, asked=list(methods), state=AnomalyMap.State.READY)
    folder = map_folder(row)
    (folder / "maps").mkdir(parents=True)
    rng = np.random.default_rng(3)
    mask = _mask(scene)
    made: dict[str, NDArray[np.float32]] = {}
    for method in sorted(methods, key=lambda name: name == "combined"):
        values = rng.gamma(2.0, 1.0, (40, 50)).astype(np.float32) + 12 * mask.astype(np.float32)
        if method == "combined":
            values = fuse(made, dict.fromkeys(FUSED, 1.0))
        made[method] = values
        np.save(folder / "maps" / f"{method}.npy", values)
        facts: dict[str, Any] = {"file": f"maps/{method}.npy", "kind": KINDS.get(method, "classic")}
        row.methods[method] = facts | {"seconds": 0.2} | describe_map(values)
        if scene.has_mask:
            row.methods[method]["metrics"] = score_map(values, mask)
    row.main_method = main_method(row.methods)
    (folder / MAPS_FILE).write_text(json.dumps({"format": 1, "methods": row.methods, "seconds": 0.4}))
    row.seconds = 0.4
    row.save()
    return row


def _mask(scene: Scene) -> NDArray[np.uint8]:
    path = scene_folder(scene) / "mask.npy"
    return np.load(path) if path.exists() else np.zeros((40, 50), np.uint8)
