"""Scenes, uploads, detections and weights for tests: real files, small and quick."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from safetensors.numpy import save_file

from cvstudio.accounts.models import User
from cvstudio.datasets.tests.carry_out import carry_out_all
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.services.record_run_weight import record_run_weight
from hsi.models import AnomalyMap, Scene
from hsi.services.confirm_scene import confirm_scene
from hsi.services.create_scene import create_from_folder
from hsi.services.detect import run_detection

HEIGHT, WIDTH, BANDS = 14, 12, 16
TARGET = (4, 5)


def cube(seed: int = 0) -> np.ndarray[Any, Any]:
    """Smooth background with noise, and one strange pixel at `TARGET`."""
    numbers = np.random.default_rng(seed)
    axis = np.linspace(0, 3, BANDS)
    light = 1 + 0.1 * np.sin(np.arange(HEIGHT))[:, None, None] + 0.1 * np.cos(np.arange(WIDTH))[None, :, None]
    values = 1000 * light * (1.5 + np.sin(axis)) + numbers.normal(0, 10, (HEIGHT, WIDTH, BANDS))
    values[TARGET] += 600 * np.cos(2 * axis)
    return values.astype(np.uint16)


def mask() -> np.ndarray[Any, Any]:
    """Marks `TARGET`."""
    marks = np.zeros((HEIGHT, WIDTH), np.uint8)
    marks[TARGET] = 1
    return marks


def npz_file(name: str = "harbour.npz", **arrays: Any) -> io.BytesIO:
    """An upload with a cube and its mask, or with these arrays."""
    stream = io.BytesIO()
    np.savez(stream, **(arrays or {"cube": cube(), "gt": mask()}))
    stream.seek(0)
    stream.name = name
    return stream


def make_scene(owner: User, name: str = "Harbour", *, seed: int = 0, **arrays: Any) -> Scene:
    """A scene that went through its import."""
    folder = Path(settings.DATA_DIR).parent / "registered"
    folder.mkdir(exist_ok=True)
    settings.DATASET_ROOTS = [folder]
    path = folder / f"{name}.npz"
    path.write_bytes(npz_file(**(arrays or {"cube": cube(seed), "gt": mask()})).read())
    confirm_scene(create_from_folder(owner, str(path), name=name))
    carry_out_all()
    return Scene.objects.select_related("owner", "sensor", "import_run").get(owner=owner, name=name)


def make_map(scene: Scene, methods: tuple[str, ...] = ("global_rx",)) -> AnomalyMap:
    """A map that classic methods made."""
    made = run_detection(scene.owner, [scene], methods=list(methods))
    carry_out_all()
    return AnomalyMap.objects.select_related("scene__sensor", "run", "owner").get(id=made[0].id)


def leave_weight(run: Run, task: str, stem: str) -> None:
    """What a stage leaves when it completes: a weight folder with tensors, settings and facts."""
    folder = run_folder(run.id) / "artifacts" / stem
    folder.mkdir(parents=True)
    save_file({"codes": np.arange(6, dtype=np.float32)}, folder / f"{stem}.safetensors")
    (folder / f"{stem}.json").write_text("{}")
    files = [f"{stem}.safetensors", f"{stem}.json"]
    (folder / "weight.json").write_text(json.dumps({"task": task, "files": files, "metrics": {"loss": 0.5}}))
    run.result = {"state": "completed", "weight": {"path": f"artifacts/{stem}"}}


def make_weight(owner: User, task: str, stem: str) -> WeightVersion:
    """A weight of a stage in the library."""
    run = Run.objects.create(owner=owner, name=f"Some {stem}", recipe=task, state=RunState.RUNNING)
    leave_weight(run, task, stem)
    version = record_run_weight(run)
    assert version is not None
    Run.objects.filter(id=run.id).update(state=RunState.COMPLETED)
    return version
