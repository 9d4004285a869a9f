"""Scenes and maps as an import and a detection leave them, small and quick."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvstudio.accounts.models import User
from hsi.models import AnomalyMap, Scene
from hsi.storage import map_folder, scene_folder
from ml_core.hsi.infer import MAPS_FILE, describe_map, main_method
from ml_core.hsi.metrics import score_map
from ml_core.hsi.scene_folder import STATISTICS_FILE, write_scene_folder
from ml_core.hsi.simulate import Simulation, simulate_scene

KINDS = {"combined": "combined", "lm_nll": "head", "recon": "head", "one_class": "head"}


def make_scene(owner: User, *, name: str = "Harbour", mask: bool = True, seed: int = 5) -> Scene:
    """A simulated scene of 40 x 50 pixels that is ready."""
    made = simulate_scene(seed, Simulation(height=40, width=50, bands=30))
    if not mask:
        made = type(made)(**{**vars(made), "mask": None})
    scene = Scene.objects.create(
        owner=owner, name=name, source=Scene.Source.UPLOAD, state=Scene.State.READY, height=40, width=50,
        bands=made.cube.shape[2], dtype=str(made.cube.dtype), size_bytes=made.cube.nbytes, has_mask=mask,
        wavelengths=[] if made.wavelengths is None else made.wavelengths.tolist(), fingerprint="sha256:" + "0" * 64,
        anomaly_pixels=int(made.mask.sum()) if made.mask is not None else 0,
        bad_bands=np.flatnonzero(~made.good_bands).tolist(),
        findings=[{"code": "hsi.bad_bands", "severity": "info", "message": "Two bands are constant.", "hint": "None."}],
    )  # fmt: skip
    folder = scene_folder(scene)
    folder.parent.mkdir(parents=True)
    write_scene_folder(made, folder)
    if not (folder / STATISTICS_FILE).exists():
        flat = np.asarray(made.cube, dtype=np.float64).reshape(-1, made.cube.shape[2])
        measured = {
            "mean": flat.mean(0).tolist(),
            "std": flat.std(0).tolist(),
            "min": flat.min(0).tolist(),
            "max": flat.max(0).tolist(),
        }
        (folder / STATISTICS_FILE).write_text(json.dumps(measured))
    return scene


def make_map(
    scene: Scene, methods: tuple[str, ...] = ("global_rx", "iforest"), *, name: str = "Classics"
) -> AnomalyMap:
    """Maps with scores that follow the scene's brightness and its mask."""
    row = AnomalyMap(owner=scene.owner, scene=scene, name=name, asked=list(methods), state=AnomalyMap.State.READY)
    folder = map_folder(row)
    (folder / "maps").mkdir(parents=True)
    rng = np.random.default_rng(3)
    mask = _mask(scene)
    for method in methods:
        values = rng.gamma(2.0, 1.0, (40, 50)).astype(np.float32) + 12 * mask.astype(np.float32)
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
