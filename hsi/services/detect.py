"""Find anomalies in scenes, by a trained detector, by classic methods, or by both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from cvstudio.runs.services.create_run import create_run
from cvstudio.weights import library
from hsi.errors import SceneError
from hsi.models import AnomalyMap, Pipeline, Scene
from hsi.selectors import require_ready
from hsi.storage import scene_folder

if TYPE_CHECKING:
    from cvstudio.accounts.models import User
    from cvstudio.weights.models import WeightVersion

RECIPE = "hsi.infer"
MAX_SCENES = 100


def run_detection(
    owner: User,
    scenes: list[Scene],
    *,
    methods: list[str],
    detector: WeightVersion | None = None,
    pipeline: Pipeline | None = None,
    name: str = "",
    settings: dict[str, Any] | None = None,
) -> list[AnomalyMap]:
    """Start one run for each scene; all of them or none.

    Args:
        owner: Whose maps they are.
        scenes: The caller has checked that the person may see them.
        methods: Names of classic methods.
        detector: A weight of `hsi.anomaly`; brings the heads, their combination and its training-free part.
        pipeline: The chain that asks for the maps.
        name: Of the maps; made from detector and methods when left out.
        settings: Further settings of the recipe.

    Raises:
        SceneError: There is nothing to do, or too much at once.
        NotReadyError: A scene has not been imported.
        ConfigError: A method is unknown, or a setting is out of bounds.
        FilesMissingError: The detector's folder is gone.
        QuotaError: Too many runs of this person wait already.
    """
    if not scenes or len(scenes) > MAX_SCENES:
        raise SceneError(f"Choose 1 to {MAX_SCENES} scenes.", code="hsi.scenes", where="scenes",
                         hint="Start them in several turns.")  # fmt: skip
    if not methods and detector is None:
        raise SceneError("Choose a detector or at least one classic method.", code="hsi.no_method", where="methods",
                         hint="Global RX needs no training and takes a moment.")  # fmt: skip
    for scene in scenes:
        require_ready(scene)
    config = {**(settings or {}), "methods": list(dict.fromkeys(methods)), "detector": ""}
    if detector is not None:
        config["detector"] = str(library.folder_of(detector))
    title = name or _title(methods, detector)
    with transaction.atomic():
        return [_start(owner, scene, config, title, detector, pipeline) for scene in scenes]


def _start(
    owner: User,
    scene: Scene,
    config: dict[str, Any],
    title: str,
    detector: WeightVersion | None,
    pipeline: Pipeline | None,
) -> AnomalyMap:
    values = {**config, "scene": str(scene_folder(scene))}
    run = create_run(owner=owner, recipe=RECIPE, config=values, name=f"{title} · {scene.name}"[:200])
    return AnomalyMap.objects.create(
        owner=owner, scene=scene, run=run, detector=detector, pipeline=pipeline, asked=config["methods"],
        name=f"{title} · {scene.name}"[:200],
    )  # fmt: skip


def _title(methods: list[str], detector: WeightVersion | None) -> str:
    parts = [str(detector)] if detector is not None else []
    return ", ".join([*parts, *methods])[:120]
