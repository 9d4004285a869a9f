"""Stage 3: from an encoder and target scenes to a detector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch

from ml_core.engine.loop import fit
from ml_core.engine.task import FitData
from ml_core.hsi.anomaly.detector import HSIAnomalyDetector
from ml_core.hsi.anomaly.landscapes import simulated_landscapes
from ml_core.hsi.anomaly.planted_data import AnomalyData
from ml_core.hsi.anomaly.task import AnomalyTask
from ml_core.hsi.canonical import CanonicalScene
from ml_core.hsi.encoder.universal import load_stage12
from ml_core.hsi.scene import Scene
from ml_core.hsi.stages.anomaly_config import AnomalyConfig
from ml_core.hsi.stages.delivery import count_parameters, export_pth, facts_of, weight_folder, write_weight_folder
from ml_core.hsi.stages.preparation import canonical_scenes, fit_settings, read_scenes
from ml_core.run.context import RunContext
from ml_core.run.seeds import mix

TASK = "hsi.anomaly"
_VALIDATION_SHARE = 6  # one planting in so many more is made to judge by
_WARMUP_SHARE = 5  # one fifth of the steps
_PER_MILLE = 1000


def run_anomaly(config: AnomalyConfig, run: RunContext) -> dict[str, Any]:
    """Fit the heads, and leave ``artifacts/weight`` (with the files of all stages) and the specification's ``.pth``.

    Masks are read with ``use_labels`` alone; else targets are planted in the scenes, and what they hold is unknown.

    Raises:
        CodedError: See `ml_core.engine.loop.fit`, `read_scenes` and `canonical_scenes`.
        WeightFileError: The encoder's folder is incomplete or damaged.
        WeightMismatchError: ``hsi.mismatch`` when tokenizer and encoder do not belong together.
    """
    model = load_stage12(weight_folder(Path(config.encoder)))
    scenes = read_scenes(config, run, labels=config.use_labels)
    canonical = canonical_scenes(scenes, run)
    landscapes = simulated_landscapes(config.simulated_scenes, config.seed)
    train = _planted(config, run, scenes, canonical, landscapes, "train")
    val = _planted(config, run, scenes, canonical, [], "val")
    torch.manual_seed(mix(run.seed, "anomaly"))
    detector = HSIAnomalyDetector(
        model, model.encoder.hidden_size, config.freeze_encoder, config.use_lora, config.head_weights.model_dump()
    )
    steps = max(1, config.crops_per_epoch // config.anomaly_batch_size)
    settings = fit_settings(
        config,
        epochs=config.anomaly_epochs,
        batch_size=config.anomaly_batch_size,
        learning_rate=config.learning_rate_anomaly,
        warmup_steps=config.anomaly_epochs * steps // _WARMUP_SHARE,
        steps_per_epoch=steps,
    )
    result = fit(AnomalyTask(detector, train), FitData(train, val), settings, run)
    facts = facts_of(result)
    detector = detector.cpu().eval()
    if run.rank == 0:
        left_out = {"scenes", "pretrain_datasets", "encoder", "device", "threads"}
        described = config.model_dump(mode="json", exclude=left_out)
        facts["weight"] = write_weight_folder(
            run,
            task=TASK,
            save=[detector.save_pretrained],
            stems=["detector", "encoder", "tokenizer"],
            parameters=count_parameters(detector),
            metrics=facts["metrics"],
            data_fingerprint=run.dir.read_record()["data_fingerprint"],
            settings=described,
        )
        # As it was stored: low-rank additions are part of the encoder's weights there.
        stored = HSIAnomalyDetector.from_pretrained(run.dir.path / facts["weight"]["path"])
        export_pth(run, "anomaly/anomaly_detector", stored, described)
    return facts | {"scenes": [scene.name for scene in scenes]}


def _planted(
    config: AnomalyConfig,
    run: RunContext,
    scenes: Sequence[Scene],
    canonical: Sequence[CanonicalScene],
    landscapes: Sequence[CanonicalScene],
    split: Literal["train", "val"],
) -> AnomalyData:
    share = 1 if split == "train" else _VALIDATION_SHARE
    return AnomalyData(
        canonical,
        masks=[scene.mask for scene in scenes] if config.use_labels else None,
        domain_ids=[scene.domain_id for scene in scenes],
        landscapes=landscapes,
        samples=max(1, config.crops_per_epoch // share),
        plantings=max(1, config.plantings // share),
        seed=config.seed,
        split=split,
        progress=_progress(run, f"planting targets ({split})"),
    )


def _progress(run: RunContext, stage: str) -> Callable[[float], None]:
    def report(share: float) -> None:
        run.progress(round(_PER_MILLE * share), _PER_MILLE, "‰", stage)
        run.raise_if_requested()

    return report
