"""Reading sensors, scenes, chains and maps. Every query starts at `visible_to`."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Count, Model, Prefetch, QuerySet

from cvstudio.runs.models import Run
from cvstudio.weights.models import WeightVersion
from hsi.errors import NotFoundError, NotReadyError
from hsi.models import AnomalyMap, Pipeline, Scene, Sensor

M = TypeVar("M", bound=Model)

_NOT_YOURS = "Check the id. Things of other people are not shown."
_RUN_LARGE = ("config", "result", "preflight", "summary")
_SCENE_LARGE = ("inspection", "statistics")

#: Names of the recipes, which are also the tasks of the weights that they leave.
TOKENIZER, PRETRAIN, DETECTOR = "hsi.tokenizer", "hsi.pretrain", "hsi.anomaly"
WEIGHT_TASKS = (TOKENIZER, PRETRAIN, DETECTOR)


def without_large(*runs: str) -> list[str]:
    """Names of the large fields of runs, for `defer`."""
    return [f"{run}__{name}" for run in runs for name in _RUN_LARGE]


def listed_sensors(user: Any) -> QuerySet[Sensor]:
    """Sensors with the number of their scenes (1 query)."""
    rows = Sensor.objects.visible_to(user).select_related("owner").annotate(scene_count=Count("scenes"))
    return rows.order_by("name", "id")


def visible_sensor(user: Any, sensor_id: UUID) -> Sensor:
    """One sensor (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
    """
    return _one(listed_sensors(user).filter(id=sensor_id).first(), "There is no such sensor.")


def listed_scenes(user: Any) -> QuerySet[Scene]:
    """Scenes with their sensor, import, number of maps, and ``ready_maps``, the newest first (2 queries)."""
    newest = AnomalyMap.objects.filter(state=AnomalyMap.State.READY).order_by("-created_at")
    return (
        Scene.objects.visible_to(user)
        .select_related("owner", "sensor", "import_run")
        .defer(*_SCENE_LARGE, *without_large("import_run"))
        .annotate(map_count=Count("maps"))
        .prefetch_related(Prefetch("maps", queryset=newest, to_attr="ready_maps"))
        .order_by("-created_at", "-id")
    )


def visible_scene(user: Any, scene_id: UUID) -> Scene:
    """One scene with everything that its page shows (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
    """
    rows = Scene.objects.visible_to(user).select_related("owner", "sensor", "import_run")
    return _one(rows.defer(*without_large("import_run")).filter(id=scene_id).first(), "There is no such scene.")


def ready_scene(user: Any, scene_id: UUID) -> Scene:
    """One scene whose pixels can be read (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
        NotReadyError: Its import has not ended well.
    """
    rows = Scene.objects.visible_to(user).select_related("owner").defer(*_SCENE_LARGE)
    scene = _one(rows.filter(id=scene_id).first(), "There is no such scene.")
    require_ready(scene)
    return scene


def require_ready(scene: Scene) -> None:
    """Let a scene with pixels pass.

    Raises:
        NotReadyError: Its import has not ended well.
    """
    if scene.state != Scene.State.READY:
        raise NotReadyError(f"{scene.name} has not been imported yet.", where="scene",
                            hint="Confirm what was found in its files, or wait for the import.")  # fmt: skip


def visible_scenes(user: Any, ids: list[UUID]) -> list[Scene]:
    """Ready scenes by their ids, in the order asked for, each once (1 query).

    Raises:
        NotFoundError: One does not exist, or belongs to somebody else.
        NotReadyError: One has not been imported.
    """
    rows = Scene.objects.visible_to(user).select_related("owner", "sensor").defer(*_SCENE_LARGE)
    found = {scene.id: scene for scene in rows.filter(id__in=ids)}
    if len(found) < len(set(ids)):
        raise NotFoundError("There is no such scene.", hint=_NOT_YOURS, where="scenes")
    scenes = [found[scene_id] for scene_id in dict.fromkeys(ids)]
    for scene in scenes:
        require_ready(scene)
    return scenes


def listed_maps(user: Any) -> QuerySet[AnomalyMap]:
    """Maps with scene, detector and run (1 query)."""
    return (
        AnomalyMap.objects.visible_to(user)
        .select_related("owner", "scene__sensor", "run", "pipeline", "detector__weight")
        .defer(
            *(f"scene__{name}" for name in _SCENE_LARGE), *without_large("run"), "detector__facts", "pipeline__settings"
        )
        .order_by("-created_at", "-id")
    )


def visible_map(user: Any, map_id: UUID) -> AnomalyMap:
    """One map (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
    """
    return _one(listed_maps(user).filter(id=map_id).first(), "There is no such map.")


def ready_map(user: Any, map_id: UUID) -> AnomalyMap:
    """One map whose pixels can be read (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
        NotReadyError: Its run has not ended well.
    """
    found = visible_map(user, map_id)
    if found.state != AnomalyMap.State.READY:
        raise NotReadyError("This map is not ready yet.", hint="Wait until its run has ended.", where="map")
    return found


def visible_maps(user: Any, ids: list[UUID]) -> list[AnomalyMap]:
    """Ready maps by their ids, in the order asked for (1 query).

    Raises:
        NotFoundError: One does not exist, is not ready, or belongs to somebody else.
    """
    rows = listed_maps(user).filter(id__in=ids, state=AnomalyMap.State.READY)
    found = {row.id: row for row in rows}
    if len(found) < len(set(ids)):
        raise NotFoundError("There is no such map, or it is not ready.", hint=_NOT_YOURS, where="ids")
    return [found[map_id] for map_id in dict.fromkeys(ids)]


def listed_pipelines(user: Any) -> QuerySet[Pipeline]:
    """Chains with the runs of their stages, their scenes and maps (4 queries)."""
    runs = ("tokenizer_run", "pretrain_run", "anomaly_run")
    weights = ("tokenizer", "encoder", "detector")
    maps = AnomalyMap.objects.select_related("scene", "run").defer(
        *(f"scene__{name}" for name in _SCENE_LARGE), *without_large("run")
    )
    names = Scene.objects.only("id", "name", "height", "width", "bands", "state", "owner_id")
    related: list[Any] = [
        Prefetch("scenes", queryset=names),
        Prefetch("targets", queryset=names.all()),
        Prefetch("maps", queryset=maps.order_by("created_at")),
    ]
    return (
        Pipeline.objects.visible_to(user)
        .select_related("owner", *runs, *(f"{weight}__weight" for weight in weights))
        .defer(*without_large(*runs), *(f"{weight}__facts" for weight in weights))
        .prefetch_related(*related)
        .order_by("-created_at", "-id")
    )


def visible_pipeline(user: Any, pipeline_id: UUID) -> Pipeline:
    """One chain (4 queries).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
    """
    return _one(listed_pipelines(user).filter(id=pipeline_id).first(), "There is no such chain.")


def weights_of(user: Any, task: str) -> QuerySet[WeightVersion]:
    """Weights that a stage left, newest first (1 query)."""
    rows = WeightVersion.objects.visible_to(user).filter(weight__task=task).select_related("weight", "run")
    return rows.defer("facts", *without_large("run")).order_by("-created_at", "-id")


def visible_weight(user: Any, weight_id: UUID, task: str) -> WeightVersion:
    """One weight of a stage (1 query).

    Raises:
        NotFoundError: It does not exist, does something else, or belongs to somebody else.
    """
    return _one(weights_of(user, task).filter(id=weight_id).first(), "There is no such weight for this stage.")


def runs_of_pipeline(pipeline: Pipeline) -> list[Run]:
    """The runs of its stages that exist, in order."""
    runs = (pipeline.tokenizer_run, pipeline.pretrain_run, pipeline.anomaly_run)
    return [run for run in runs if run is not None]


def _one(found: M | None, message: str) -> M:
    if found is None:
        raise NotFoundError(message, hint=_NOT_YOURS)
    return found
