"""Begin the next stage of a chain. Called by the wizard for the first one, and by the ends of runs for the others."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction

from cvstudio.runs.models import Run
from cvstudio.runs.services.create_run import create_run
from cvstudio.weights import library
from cvstudio.weights.models import WeightVersion
from hsi.models import Pipeline, Scene
from hsi.services.detect import run_detection
from hsi.storage import scene_folder
from ml_core.errors import CodedError
from ml_core.hsi.presets import PRESETS

logger = logging.getLogger(__name__)

RECIPES = {"tokenizer": "hsi.tokenizer", "pretrain": "hsi.pretrain", "anomaly": "hsi.anomaly"}
TITLES = {"tokenizer": "Tokenizer", "pretrain": "Encoder", "anomaly": "Detector"}

#: Where a stage keeps the weight that it leaves.
WEIGHT_OF = {"tokenizer": "tokenizer", "pretrain": "encoder", "anomaly": "detector"}


def advance_after(run: Run) -> None:
    """Note the weight that a stage left and begin the next one. May be called again for the same run.

    A next stage that cannot begin spoils nothing of the finished one: the chain keeps the reason, and can be retried.
    """
    for stage in RECIPES:
        pipeline = Pipeline.objects.filter(**{f"{stage}_run": run}).first()
        if pipeline is not None:
            _note_weight(pipeline, stage, run)
            advance_pipeline(pipeline)


def advance_pipeline(pipeline: Pipeline) -> None:
    """Begin whatever comes next, once; keep the reason where it cannot begin."""
    try:
        begin_next(pipeline)
    except CodedError as error:
        logger.warning("pipeline %s does not go on: %s", pipeline.id, error.code)
        Pipeline.objects.filter(id=pipeline.id).update(fault=error.as_dict())


def begin_next(pipeline: Pipeline) -> None:
    """Begin the first stage that has neither a weight nor a run; of two callers at once one begins it.

    Raises:
        CodedError: It cannot begin.
    """
    with transaction.atomic():
        locked = Pipeline.objects.select_for_update().get(id=pipeline.id)
        stage = _next_stage(locked)
        if stage is None:
            return
        if stage == "maps":
            targets = list(locked.targets.select_related("owner").order_by("name", "id"))
            run_detection(locked.owner, targets, methods=locked.settings.get("methods", []),
                          detector=locked.detector, pipeline=locked, name=locked.name)  # fmt: skip
        else:
            run = create_run(owner=locked.owner, recipe=RECIPES[stage], config=config_of(locked, stage),
                             name=f"{TITLES[stage]} · {locked.name}"[:200])  # fmt: skip
            setattr(locked, f"{stage}_run", run)
        locked.stage, locked.fault = stage, {}
        locked.save()


def config_of(pipeline: Pipeline, stage: str) -> dict[str, Any]:
    """The configuration of a stage: preset, changes, scenes, and the weight of the stage before."""
    scenes = pipeline.targets if stage == "anomaly" else pipeline.scenes
    config = {**pipeline.settings.get(stage, {}), "preset": pipeline.preset}
    config["pretrain_datasets"] = [entry(scene) for scene in scenes.order_by("name", "id")]
    if stage == "pretrain":
        config["num_domains"] = _domains(config)
        if pipeline.tokenizer is not None:
            config["tokenizer"] = str(library.folder_of(pipeline.tokenizer))
    if stage == "anomaly" and pipeline.encoder is not None:
        config["encoder"] = str(library.folder_of(pipeline.encoder))
    return config


def _domains(config: dict[str, Any]) -> int:
    """As many domains as the settings say, and at least those of the scenes."""
    known = config.get("num_domains") or PRESETS["pretrain"][config["preset"]]["num_domains"]
    return max(int(known), *(1 + int(item["domain_id"]) for item in config["pretrain_datasets"]))


def entry(scene: Scene) -> dict[str, Any]:
    """A scene as the recipes take it."""
    return {"name": scene.name, "data_path": str(scene_folder(scene)), "domain_id": scene.domain_id}


def _next_stage(pipeline: Pipeline) -> str | None:
    """The stage to begin; None while one is at work or when all is done."""
    if pipeline.maps.exists():
        return None
    if pipeline.detector_id is not None:
        return "maps"
    if pipeline.anomaly_run_id is not None:
        return None
    if pipeline.encoder_id is not None:
        return "anomaly"
    if pipeline.pretrain_run_id is not None:
        return None
    if pipeline.tokenizer_id is not None:
        return "pretrain"
    return None if pipeline.tokenizer_run_id is not None else "tokenizer"


def _note_weight(pipeline: Pipeline, stage: str, run: Run) -> None:
    weight = WeightVersion.objects.filter(run=run).first()
    if weight is not None:
        Pipeline.objects.filter(id=pipeline.id).update(**{WEIGHT_OF[stage]: weight})
