"""Maps of one scene, by a trained detector and by classic methods."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ml_core.hsi.classic import CLASSIC
from ml_core.hsi.formats import open_scene
from ml_core.hsi.infer import COMBINED_FILE, REGIONS_FILE, MapWriter, main_method
from ml_core.hsi.metrics.regions import strongest_regions
from ml_core.hsi.scene import Scene
from ml_core.hsi.stages.infer_config import InferConfig
from ml_core.hsi.stages.sources import scene_fingerprint, without_labels
from ml_core.run.context import RunContext
from ml_core.run.files import write_json_atomic

_PICTURE_FILE = "anomaly_map.png"
_PICTURE_QUANTILES = (0.5, 0.999)
_SHARES = 1000


def run_infer(config: InferConfig, run: RunContext) -> dict[str, Any]:
    """Map the scene; see `ml_core.hsi.infer` for what is left. An interrupted run goes on after its last map.

    Raises:
        FormatError: The scene cannot be read.
        WeightFileError: The detector's folder is incomplete or damaged.
        SceneError: The scene holds nothing that varies.
        RunPaused: A pause was asked for.
        RunStopped: A stop was asked for.
    """
    scene = open_scene(
        Path(config.scene),
        cube_key=config.cube_key,
        mask_path=config.mask_path,
        mask_key=config.mask_key,
        axis_order=config.axis_order,
    )
    found = scene_fingerprint(scene)
    run.data_fingerprint(found)
    writer = MapWriter(run, scene, {"scene": _scene_facts(scene, found), "weights": None})
    if config.detector and "combined" not in writer.methods:
        _detect(config, run, scene, writer)
    for name in config.methods:
        if name not in writer.methods:
            started = time.perf_counter()
            values = CLASSIC[name].detect(without_labels(scene), progress=_progress(run, name), seed=config.seed)
            writer.add(name, values, time.perf_counter() - started, source=name)
    writer.finish()
    chosen = main_method(writer.methods)
    _summarise(config, run, scene, writer.read(chosen), chosen)
    return {"metrics": _metrics(writer), "methods": list(writer.methods), "main_method": chosen, "scene": scene.name}


def _detect(config: InferConfig, run: RunContext, scene: Scene, writer: MapWriter) -> None:
    """All maps of the trained detector, the combination last: when it is there, all are."""
    import torch  # classic methods do without

    from ml_core.engine.device import available_cores, choose_device
    from ml_core.hsi.anomaly.detector import HSIAnomalyDetector
    from ml_core.hsi.stages.delivery import weight_folder

    torch.set_num_threads(config.workers or available_cores())
    detector = (
        HSIAnomalyDetector.from_pretrained(weight_folder(Path(config.detector))).to(choose_device(config.device)).eval()
    )
    domain = scene.domain_id if config.domain_id is None else config.domain_id
    started = time.perf_counter()
    maps = detector.detect(
        without_labels(scene),
        domain_id=domain,
        progress=_progress(run, "detector"),
        workers=config.workers or available_cores(),
    )
    seconds = time.perf_counter() - started
    for name in sorted(maps, key=lambda name: name == "combined"):
        weight = None if name == "combined" else float(detector.head_weights.get(name, 0.0))
        writer.add(name, maps[name], seconds, source="detector", weight=weight)


def _progress(run: RunContext, stage: str) -> Callable[[float], None]:
    def report(share: float) -> None:
        run.progress(round(_SHARES * share), _SHARES, "‰", stage)
        run.raise_if_requested()

    return report


def _scene_facts(scene: Scene, fingerprint: str) -> dict[str, Any]:
    return {
        "name": scene.name,
        "shape": list(scene.shape),
        "sensor": scene.sensor,
        "domain_id": scene.domain_id,
        "has_mask": scene.mask is not None,
        "fingerprint": fingerprint,
    }


def _summarise(config: InferConfig, run: RunContext, scene: Scene, values: NDArray[np.float32], method: str) -> None:
    """The main map under the specification's name, as a picture, and as a list of its strongest regions."""
    path = run.artifact_path(COMBINED_FILE)
    np.save(path, values, allow_pickle=False)
    run.artifact(path)
    picture = run.artifact_path(_PICTURE_FILE)
    Image.fromarray(_grey(values)).save(picture)
    run.artifact(picture)
    listed = run.artifact_path(REGIONS_FILE)
    regions = strongest_regions(values, scene, count=config.regions)
    write_json_atomic(listed, {"method": method, "regions": regions})
    run.artifact(listed, "application/json")


def _grey(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The map as a picture: black up to the median, white for the strongest pixel in a thousand."""
    low, high = np.quantile(values.astype(np.float64), _PICTURE_QUANTILES)
    shade = np.clip((values - low) / max(float(high - low), 1e-12), 0.0, 1.0)
    grey: NDArray[np.uint8] = (255 * shade).astype(np.uint8)
    return grey


def _metrics(writer: MapWriter) -> dict[str, float]:
    """AUC and AP of every map where the scene has a mask, under the names of the methods."""
    return {
        f"{name}_{measure}": facts["metrics"][measure]
        for name, facts in writer.methods.items()
        if "metrics" in facts
        for measure in ("auc", "ap")
    }
