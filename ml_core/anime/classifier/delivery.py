"""What a training leaves: the weight folder, the report, the state of the collection."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_core.anime.classifier.config import ClassifierConfig
from ml_core.anime.classifier.maps import write_maps
from ml_core.anime.collection.health import collection_health
from ml_core.anime.collection.reading import Collection
from ml_core.anime.collection.sources import read_sources
from ml_core.anime.recognise.fitting import FittedPrototypes
from ml_core.anime.recognise.recogniser import Recogniser
from ml_core.anime.recognise.scores import full_report, summary
from ml_core.anime.recognise.storage import save_recogniser
from ml_core.engine.loop import FitResult
from ml_core.run.context import RunContext
from ml_core.run.events import utc_now
from ml_core.run.files import write_json_atomic
from ml_core.weights.folder import FACTS_FILE, WeightFacts, write_facts

TASK = "anime.classifier"
WEIGHT_PATH = "artifacts/weight"


@dataclass(frozen=True)
class Judged:
    """Probabilities for pictures that took no part in learning, by who gives them."""

    labels: NDArray[np.int64]
    positions: NDArray[np.int64]
    by: dict[str, NDArray[np.float64]]


def deliver(
    config: ClassifierConfig,
    run: RunContext,
    collection: Collection,
    recogniser: Recogniser,
    fitted: FittedPrototypes,
    judged: Judged,
    result: FitResult,
) -> dict[str, Any]:
    """Write everything, and return what ``result.json`` says."""
    scores = {name: summary(table, judged.labels) for name, table in judged.by.items()} if len(judged.labels) else {}
    metrics = scores.get("together", {})
    health = collection_health(collection, fitted.doubts)
    answer = {
        "metrics": metrics,
        "scores": scores,
        "characters": collection.characters,
        "images": {"all": len(collection.pictures), "held_out": len(judged.labels)},
        "doubts": len(health["doubts"]),
        "two_names": len(health["two_names"]),
        "rejects": len(health["rejects"]),
        "best_epoch": result.best_epoch,
        "epochs": result.epochs,
        "steps": result.steps,
        "stop_reason": result.stop_reason,
        "wall_s": round(result.wall_s, 3),
        "numerics": result.numerics,
    }
    if run.rank == 0:
        _write_json(run, "health.json", health)
        if len(judged.labels):
            report = _report(config, collection, judged)
            if recogniser.network is not None:
                write_maps(run, recogniser.network, collection, report["worst"])
            _write_json(run, "report.json", {**report, "by": scores})
        answer["weight"] = _write_weight(config, run, collection, recogniser, metrics)
    return answer


def _report(config: ClassifierConfig, collection: Collection, judged: Judged) -> dict[str, Any]:
    paths = [collection.pictures[position].path for position in judged.positions]
    sources = read_sources(collection.root, config.sources, paths)
    return full_report(judged.by["together"], judged.labels, collection.characters, sources, paths)


def _write_json(run: RunContext, name: str, content: dict[str, Any]) -> None:
    path = run.artifact_path(name)
    write_json_atomic(path, content)
    run.artifact(path, "application/json")


def _write_weight(
    config: ClassifierConfig,
    run: RunContext,
    collection: Collection,
    recogniser: Recogniser,
    metrics: dict[str, float],
) -> dict[str, str]:
    folder: Path = run.artifact_path(f"weight/{FACTS_FILE}").parent
    files = save_recogniser(recogniser, folder, config.fit_image)
    network = recogniser.network
    facts = WeightFacts(
        task=TASK,
        files=files,
        classes=recogniser.characters,
        preprocessing={"mode": "RGB", "size": [config.image_size] * 2, "fit_picture": config.fit_image},
        metrics=metrics,
        parameters=sum(p.numel() for p in network.parameters()) if network else 0,
        dataset_fingerprint=collection.fingerprint,
        run_id=run.dir.read_record()["id"] if run.dir.is_sealed else None,
        created=utc_now(),
    )
    write_facts(folder, facts)
    for name in (FACTS_FILE, *files):
        run.artifact(folder / name)
    return {"path": WEIGHT_PATH}
